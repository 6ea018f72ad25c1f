import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandAvailability, describeWith } from '@communique-tee/testing/harness';
import { run } from './testing/run';
import { scriptEnvironment, stageScripts, writeScript, type StagedScripts } from './testing/staged-scripts';

const ME = 'i-0me';
const BEFORE = 'i-0before';
const ADDRESS = '203.0.113.5';

let staged: StagedScripts;
let bin: string;
let runtime: string;
beforeAll(async () => {
  staged = await stageScripts('elastic-ip');
});
afterAll(() => staged.folder.remove());
beforeEach(async () => {
  bin = await staged.newBin();
  runtime = join(bin, 'runtime');
  await mkdir(runtime);
});

const read = (name: string) =>
  readFile(join(bin, name), 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
const count = (name: string) => `n=$(cat ${bin}/${name} 2>/dev/null || echo 0); echo $((n + 1)) > ${bin}/${name}`;
/** A shell command that prints the next value at each call; the last one repeats. At null, the command fails. */
const oneByOne = (values: readonly (string | null)[]) =>
  `case $n in\n${values.map((value, index) => `${index === values.length - 1 ? '*' : String(index)}) ${value === null ? 'exit 254' : `echo '${value}'`} ;;`).join('\n')}\nesac`;
const report = (attestation: string) =>
  JSON.stringify({ details: { enclave: { status: 'up' }, attestation: { status: attestation } } });
const WELL = report('up');

interface World {
  /** The holder of the address at the start. */
  readonly holder?: string;
  /** The stack's tag on the address, which says what should hold the address. */
  readonly heldBy?: 'parent' | 'nat';
  readonly states: readonly (string | null)[];
  readonly health?: readonly (string | null)[];
  /** For each check, whether nginx answers with a trusted certificate; default: always. */
  readonly front?: readonly boolean[];
  readonly nameLeadsTo?: string;
  /** Shell code for AWS's answer to CONTINUE; `n` is the number of earlier calls. */
  readonly completes?: string;
  readonly associates?: string;
  readonly releases?: string;
}

/** Stand-ins for AWS, the gateway, nginx and DNS; the file `holder` names the holder of the address. */
async function world({
  holder = BEFORE,
  heldBy = 'parent',
  states,
  health = [WELL],
  front = [true],
  nameLeadsTo = ADDRESS,
  completes = 'exit 0',
  associates = '',
  releases = '',
}: World): Promise<void> {
  await writeFile(join(bin, 'holder'), holder);
  await writeScript(
    bin,
    'aws',
    `case $2 in
  describe-auto-scaling-instances) ${count('described')}; state=$(${oneByOne(states)}) || exit 254; echo "{\\"AutoScalingInstances\\":[{\\"LifecycleState\\":\\"$state\\"}]}" ;;
  describe-addresses) jq -n --arg id "$(<${bin}/holder)" '{Addresses: [{PublicIp: "${ADDRESS}", Tags: [{Key: "Name", Value: "nat"}, {Key: "communique-tee:held-by", Value: "${heldBy}"}]} + if $id == "-" then {} else {InstanceId: $id, AssociationId: "eipassoc-1"} end]}' ;;
  disassociate-address) ${count('released')}; ${releases}
    [[ "$*" == "ec2 disassociate-address --association-id eipassoc-1" ]]
    echo - > ${bin}/holder; echo "released" >> ${bin}/story ;;
  associate-address) ${count('associated')}; ${associates}
    [[ "$*" == "ec2 associate-address --allocation-id eipalloc-1 --instance-id $6 --allow-reassociation" ]]
    echo "$6" > ${bin}/holder; echo "address $6" >> ${bin}/story ;;
  complete-lifecycle-action) ${count('completed')}; echo "CONTINUE holder=$(<${bin}/holder)" >> ${bin}/story; ${completes} ;;
  *) exit 2 ;;
esac`,
  );
  await writeScript(
    bin,
    'curl',
    `case "$*" in *instance-id*) echo ${ME} ;; *api/token*) echo token ;;
  *http://127.0.0.1:3001/api/health/tee) ${count('asked')}; ${oneByOne(health)} ;;
  *"--resolve communique.example.org:443:127.0.0.1 https://communique.example.org/health") ${count('fronted')}; echo front >> ${bin}/story; [[ $(${oneByOne(front.map(String))}) == true ]] ;;
  *) exit 2 ;;
esac`,
  );
  await writeScript(
    bin,
    'getent',
    `[[ "$*" == 'ahostsv4 communique.example.org' ]]; echo '${nameLeadsTo}   STREAM communique.example.org'`,
  );
  // The scripts read the uptime with `cut`; each reading is a second later.
  await writeScript(bin, 'cut', `${count('seconds')}; echo $n`);
}

const environment = (more: Record<string, string> = {}) =>
  scriptEnvironment(bin, staged.folder.path, {
    ELASTIC_IP_ALLOCATION_ID: 'eipalloc-1',
    RUNTIME_DIRECTORY: runtime,
    PAUSE_SECONDS: '0',
    ...more,
  });
const eventsOf = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => String((JSON.parse(line) as Record<string, unknown>)['event']));
const isHere = () =>
  access(join(runtime, 'here')).then(
    () => true,
    () => false,
  );
const story = async () => (await read('story')).split('\n').filter((line) => line !== '');

describeWith(commandAvailability('jq', 'jq'), 'the Elastic IP', () => {
  describe('at a new parent', () => {
    const launch = async (more: Record<string, string> = {}) => {
      const ran = await run(join(staged.programs, 'report-attested'), [], {
        env: environment({
          AUTO_SCALING_GROUP: 'group',
          LAUNCH_HOOK: 'hook',
          LAUNCH_LIMIT_SECONDS: '16',
          RESERVE_SECONDS: '8',
          CERTIFICATE_SECONDS: '5',
          HEALTH_URL: 'http://127.0.0.1:3001/api/health/tee',
          FRONT_URL: 'https://communique.example.org/health',
          ...more,
        }),
      });
      return { code: ran.code, events: eventsOf(ran.stdout), holder: await read('holder'), here: await isHere() };
    };

    it('is taken once the enclave is attested; then the parent waits for the certificate and sends CONTINUE', async () => {
      await world({ states: ['Pending', 'Pending:Wait'], health: [null, report('down'), WELL], front: [false, true] });
      expect(await launch()).toEqual({
        code: 0,
        events: ['launch_health', 'launch_health', 'launch_health', 'address_taken', 'launch_completed'],
        holder: ME,
        here: true,
      });
      expect(await story()).toEqual([`address ${ME}`, 'front', 'front', `CONTINUE holder=${ME}`]);
    });

    it.each([
      ['whose enclave is never attested', { health: [report('down')] }],
      ['that the group does not wait for yet', { states: ['Pending'] }],
    ])('is never taken by a parent %s', async (_name, more) => {
      await world({ states: ['Pending:Wait'], ...more });
      expect(await launch({ LAUNCH_LIMIT_SECONDS: '10' })).toMatchObject({ code: 78, holder: BEFORE, here: false });
      expect(await story()).toEqual([]);
    });

    it('is not taken if too little of the hook’s time is left for the steps that follow', async () => {
      await world({ states: ['Pending:Wait'] });
      expect(await launch({ LAUNCH_LIMIT_SECONDS: '9' })).toMatchObject({ code: 78, holder: BEFORE });
      expect(await story()).toEqual([]);
    });

    it('is given back if no certificate is issued and the old parent still serves clients', async () => {
      await world({ states: ['Pending:Wait'], front: [false] });
      const { code, events, holder, here } = await launch();
      expect([code, holder, here]).toEqual([78, BEFORE, false]);
      expect(events.slice(-2)).toEqual(['launch_without_certificate', 'address_given_back']);
      expect((await story()).filter((line) => line.startsWith('CONTINUE'))).toEqual([]);
    });

    it.each([
      ['no instance had the address', { holder: '-' }],
      ['the name does not lead to the address yet', { nameLeadsTo: '198.51.100.1' }],
    ])('is kept without waiting for a certificate if %s, because no client is cut off', async (_name, more) => {
      await world({ states: ['Pending:Wait'], front: [false], ...more });
      expect(await launch()).toEqual({
        code: 0,
        events: ['launch_health', 'address_taken', 'launch_certificate_later', 'launch_completed'],
        holder: ME,
        here: true,
      });
    });

    it.each([
      ['AWS never receives CONTINUE', { states: ['Pending:Wait'], completes: 'exit 254' }, 78],
      [
        'the group already terminates the instance',
        { states: ['Pending:Wait', 'Terminating:Wait'], completes: 'exit 254' },
        78,
      ],
      [
        'the enclave dies before AWS receives CONTINUE',
        { states: ['Pending:Wait'], completes: 'exit 254', health: [WELL, report('down')] },
        78,
      ],
    ])('is given back if %s', async (_name, what, code) => {
      await world(what);
      const ended = await launch();
      expect([ended.code, ended.holder, ended.here]).toEqual([code, BEFORE, false]);
      expect(ended.events).toContain('address_given_back');
    });

    it('is kept if AWS received CONTINUE, although AWS’s answer was lost', async () => {
      await world({ states: ['Pending:Wait', 'InService'], completes: 'exit 254' });
      expect(await launch()).toMatchObject({ code: 0, holder: ME, here: true });
    });

    it('is given back to its earlier holder even after the script was killed and restarted', async () => {
      await world({ states: ['Pending:Wait'], completes: 'kill -9 $(ps -o ppid= -p $PPID); exit 254' });
      await launch();
      expect(await read('holder')).toBe(ME);
      await world({ holder: ME, states: ['Pending:Wait'], health: [report('down')] });
      expect(await launch()).toMatchObject({ holder: BEFORE });
    });

    it('is given back if systemd stops the script', async () => {
      await world({ states: ['Pending:Wait'], completes: 'kill -TERM $(ps -o ppid= -p $PPID); exit 254' });
      expect(await launch()).toMatchObject({
        code: 143,
        events: ['launch_health', 'address_taken', 'launch_never_attested', 'address_given_back'],
        holder: BEFORE,
      });
    });

    it('is requested again if AWS refuses once', async () => {
      await world({ states: ['Pending:Wait'], associates: '((n > 0)) || exit 254' });
      expect((await launch()).events).toEqual([
        'launch_health',
        'address_not_taken',
        'address_taken',
        'launch_completed',
      ]);
    });

    it('is not taken if the tag reserves it for the NAT gateway', async () => {
      await world({ holder: '-', heldBy: 'nat', states: ['Pending:Wait'] });
      const { code, holder, here, events } = await launch();
      expect([code, holder, here]).toEqual([78, '-', false]);
      expect(events).toContain('address_not_taken');
      expect(await story()).toEqual([]);
    });

    it('is left to the program keep-address after a reboot', async () => {
      await world({ holder: ME, states: ['InService'] });
      expect(await launch()).toMatchObject({ code: 0, events: ['launch_not_waiting'], holder: ME });
      expect(await story()).toEqual([]);
    });
  });

  describe('at a parent in service', () => {
    const keep = async (rounds = 2) => {
      const ran = await run(join(staged.programs, 'keep-address'), [], {
        env: environment({ ROUNDS: String(rounds) }),
      });
      return { code: ran.code, holder: await read('holder'), here: await isHere() };
    };

    it('is noticed at once after a reboot, even if the enclave does not answer', async () => {
      await world({ holder: ME, states: ['InService'], health: [null] });
      expect(await keep(1)).toEqual({ code: 0, holder: ME, here: true });
      expect(await story()).toEqual([]);
    });

    it('is taken if no instance has it, for example because a new parent failed and was terminated', async () => {
      await world({ holder: '-', states: ['InService'] });
      expect(await keep()).toEqual({ code: 0, holder: ME, here: true });
    });

    it.each([
      ['a new parent has it', { holder: 'i-0new', states: ['InService'] }],
      ['the parent is not in service itself', { holder: '-', states: ['Pending:Wait'] }],
      ['the parent is terminating', { holder: '-', states: ['Terminating'] }],
      ['AWS does not report its state', { holder: '-', states: [null] }],
    ])('is not taken if %s', async (_name, what) => {
      await world(what);
      expect(await keep()).toEqual({ code: 0, holder: what.holder, here: false });
      expect(await story()).toEqual([]);
    });

    it('is requested again if AWS refuses once', async () => {
      await world({ holder: '-', states: ['InService'], associates: '((n > 0)) || exit 254' });
      expect(await keep(3)).toEqual({ code: 0, holder: ME, here: true });
    });

    it('is released and not taken again if the tag reserves it for the NAT gateway', async () => {
      await world({ holder: ME, heldBy: 'nat', states: ['InService'] });
      expect(await keep(3)).toEqual({ code: 0, holder: '-', here: false });
      expect(await story()).toEqual(['released']);
    });

    it('is released at the next try if AWS refuses once', async () => {
      await world({ holder: ME, heldBy: 'nat', states: ['InService'], releases: '((n > 0)) || exit 254' });
      expect(await keep(3)).toEqual({ code: 0, holder: '-', here: false });
    });

    it('is not released by a parent that does not hold it', async () => {
      await world({ holder: 'i-0new', heldBy: 'nat', states: ['InService'] });
      expect(await keep()).toEqual({ code: 0, holder: 'i-0new', here: false });
      expect(await story()).toEqual([]);
    });
  });
});
