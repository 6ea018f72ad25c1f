import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandAvailability, describeWith } from '@communique-tee/testing/harness';
import { run } from './testing/run';
import { scriptEnvironment, stageScripts, writeScript, type StagedScripts } from './testing/staged-scripts';

let staged: StagedScripts;
let bin: string;
beforeAll(async () => {
  staged = await stageScripts('attach-data-volume');
});
afterAll(() => staged.folder.remove());
beforeEach(async () => {
  bin = await staged.newBin();
});

const script = (name: string, body: string) => writeScript(bin, name, body);
const environment = (more: Record<string, string> = {}) => scriptEnvironment(bin, staged.folder.path, more);

describeWith(commandAvailability('jq', 'jq'), 'attach-data-volume', () => {
  const attach = async (
    describeVolumes: string,
    blkid: string,
    attachVolume = `touch ${bin}/attached ${join(bin, 'disks')}/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0 ${join(bin, 'disks')}/by-label/communique-data`,
  ) => {
    const disks = join(bin, 'disks');
    await mkdir(join(disks, 'by-id'), { recursive: true });
    await mkdir(join(disks, 'by-label'));
    await script(
      'aws',
      `echo "$*" >> ${bin}/calls\ncase $2 in\n  describe-volumes) ${describeVolumes} ;;\n  attach-volume) ${attachVolume} ;;\nesac`,
    );
    await script('curl', 'case "$*" in *instance-id*) echo i-0me ;; *) echo token ;; esac');
    await script('blkid', blkid);
    await script('mkfs.ext4', `echo "$*" > ${bin}/made`);
    await script('udevadm', 'exit 0');
    const ran = await run(join(staged.programs, 'attach-data-volume'), [], {
      env: environment({ DATA_VOLUME_ID: 'vol-0123456789abcdef0', DISKS: disks, TRIES: '5', PAUSE_SECONDS: '0' }),
    });
    return {
      ...ran,
      calls: await readFile(join(bin, 'calls'), 'utf8'),
      made: await readFile(join(bin, 'made'), 'utf8').catch(() => undefined),
    };
  };
  const volume = (holder: string | null) =>
    `echo '${JSON.stringify({ Volumes: [{ State: holder === null ? 'available' : 'in-use', Attachments: holder === null ? [] : [{ InstanceId: holder, State: 'attached' }] }] })}'`;
  const untilAttached = () => `if [[ -f ${bin}/attached ]]; then ${volume('i-0me')}; else ${volume(null)}; fi`;

  it('attaches the volume, and makes a file system on a blank disk', async () => {
    const { code, made, calls } = await attach(untilAttached(), 'exit 2');
    expect(code).toBe(0);
    expect(calls).toContain(
      'ec2 attach-volume --volume-id vol-0123456789abcdef0 --instance-id i-0me --device /dev/sdf',
    );
    expect(made).toContain('-L communique-data');
  });

  it('makes no file system on a disk with our data', async () => {
    const { code, made } = await attach(untilAttached(), 'echo LABEL=communique-data');
    expect([code, made]).toEqual([0, undefined]);
  });

  it.each([
    ['a file system with another label', 'echo LABEL=other'],
    ['a disk that cannot be read', 'exit 8'],
  ])('fails and makes no file system on %s', async (_name, blkid) => {
    const { code, made } = await attach(untilAttached(), blkid);
    expect([code, made]).toEqual([1, undefined]);
  });

  it('fails and does not attach the volume if another instance has it', async () => {
    const { code, calls, stderr } = await attach(volume('i-0other'), 'exit 2');
    expect([code, stderr]).toEqual([1, expect.stringContaining('it is with i-0other')]);
    expect(calls).not.toContain('attach-volume');
  });

  it.each([
    ['fails', 'echo UnauthorizedOperation >&2; exit 254'],
    ['lists no volume', 'echo "{\\"Volumes\\":[]}"'],
    ['prints nothing', ':'],
  ])('fails and attaches nothing if describe-volumes %s', async (_name, describeVolumes) => {
    const { code, calls, stderr } = await attach(describeVolumes, 'exit 2');
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('AWS does not say which instance holds vol-0123456789abcdef0'),
    ]);
    expect(calls.trim().split('\n')).toHaveLength(1);
  });

  it('fails if the label by which the disk is mounted does not appear', async () => {
    const { code, stderr } = await attach(
      untilAttached(),
      'echo LABEL=communique-data',
      `touch ${bin}/attached ${join(bin, 'disks')}/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0`,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('by-label/communique-data did not appear')]);
  });

  it('prints AWS’s error if AWS refuses to attach', async () => {
    const { code, stderr } = await attach(volume(null), 'exit 2', 'echo UnauthorizedOperation >&2; exit 254');
    expect([code, stderr]).toEqual([
      1,
      'vol-0123456789abcdef0 could not be attached: it is with no instance; AWS refused: UnauthorizedOperation\n',
    ]);
  });
});
