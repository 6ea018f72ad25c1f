import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  AllocateAddressCommand,
  CreateVolumeCommand,
  DescribeAddressesCommand,
  DescribeVolumesCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  commandAvailability,
  describeWith,
  temporaryFolder,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES, type Installed } from '@communique-tee/testing/judges';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { parentShell, type ParentShell } from './parent-shell';
import { MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';

describeWithJudge(JUDGES.moto, 'the parent’s address and volume, at moto', (moto) => {
  describeWithJudge(JUDGES.awscli, 'with the AWS CLI', (awscli) => {
    describeWith(commandAvailability('jq', 'jq'), 'and jq', () => {
      devices(moto, awscli);
    });
  });
});

/** infra/parent/src tests AWS's refusals and CompleteLifecycleAction, which moto lacks. */
function devices(forMoto: Installed, forAwsCli: Installed): void {
  let folder: TemporaryFolder;
  let moto: Moto;
  let parent: ParentShell;
  let ec2: EC2Client;
  /** The ids of an instance that is in service in the group, and of one that is in no group. */
  let [serving, other] = ['', ''];
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = await temporaryFolder('moto-devices-');
    moto = await startMoto(forMoto);
    parent = await parentShell(folder, forAwsCli, moto);
    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    ec2 = new EC2Client(config);
    const image = { ImageId: 'ami-12c6146b', InstanceType: 'c6g.large' } as const;
    const { Instances: [alone] = [] } = await ec2.send(new RunInstancesCommand({ ...image, MinCount: 1, MaxCount: 1 }));
    const groups = new AutoScalingClient(config);
    const AutoScalingGroupName = 'communique-tee-dev-parent';
    await groups.send(new CreateLaunchConfigurationCommand({ LaunchConfigurationName: 'x', ...image }));
    await groups.send(
      new CreateAutoScalingGroupCommand({
        ...{ AutoScalingGroupName, LaunchConfigurationName: 'x', AvailabilityZones: ['us-east-1a'] },
        ...{ MinSize: 1, MaxSize: 1, DesiredCapacity: 1 },
      }),
    );
    const { AutoScalingGroups: [group] = [] } = await groups.send(new DescribeAutoScalingGroupsCommand({}));
    [serving, other] = [group?.Instances?.[0]?.InstanceId ?? '', alone?.InstanceId ?? ''];
    const { AllocationId: allocation = '' } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    env = { ELASTIC_IP_ALLOCATION_ID: allocation, RUNTIME_DIRECTORY: folder.path, PAUSE_SECONDS: '0', ROUNDS: '1' };
  }, 180_000);
  afterAll(async () => {
    await moto[Symbol.asyncDispose]();
    await folder.remove();
  });

  const holder = async () =>
    (await ec2.send(new DescribeAddressesCommand({ AllocationIds: [env['ELASTIC_IP_ALLOCATION_ID'] ?? ''] })))
      .Addresses?.[0]?.InstanceId;
  const here = () =>
    access(folder.file('here')).then(
      () => true,
      () => false,
    );
  const events = (output: string) => [...output.matchAll(/"event":"([a-z_]+)"/g)].map(([, event]) => event);

  it('takes a free address once the instance is in service in its group', async () => {
    await parent.isInstance(other);
    expect(events((await parent.run('keep-address', [], env)).output)).toEqual(['address_seen']);
    expect(await holder()).toBeFalsy();
    await parent.isInstance(serving);
    expect(events((await parent.run('keep-address', [], env)).output)).toEqual(['address_seen', 'address_taken']);
    expect([await holder(), await here()]).toEqual([serving, true]);
  });

  it('takes the address from another instance only by attach-address, and prints which instance holds the address', async () => {
    expect(await parent.run('attach-address', [other], env)).toEqual({ code: 0, output: '' });
    expect(await parent.run('address-holder', [], env)).toEqual({ code: 0, output: `${other}\n` });
    await rm(folder.file('here'));
    expect(events((await parent.run('keep-address', [], env)).output)).toEqual(['address_seen']);
    expect([await holder(), await here()]).toEqual([other, false]);
  });

  it('fails if AWS does not know the instance or the address, and prints AWS’s error', async () => {
    const { code, output } = await parent.run('attach-address', ['i-0123456789abcdef0'], env);
    expect([code === 0, output]).toEqual([false, expect.stringContaining('InvalidInstanceID.NotFound')]);
    const unknown = { ...env, ELASTIC_IP_ALLOCATION_ID: 'eipalloc-0123456789abcdef0' };
    expect(await parent.run('address-holder', [], unknown)).toMatchObject({
      code: expect.any(Number) as number,
      output: expect.stringContaining('InvalidAllocationID.NotFound') as string,
    });
    expect(events((await parent.run('keep-address', [], unknown)).output)).toEqual(['address_unknown']);
  });

  it('reports no launch to AWS if the group does not wait for the instance', async () => {
    const { code, output } = await parent.run('report-attested', [], {
      ...{
        AUTO_SCALING_GROUP: 'communique-tee-dev-parent',
        LAUNCH_HOOK: 'attested',
        LAUNCH_LIMIT_SECONDS: String(Math.floor(uptime()) + 60),
      },
      ...{ HEALTH_URL: 'http://127.0.0.1:1/', RUNTIME_DIRECTORY: folder.path, PAUSE_SECONDS: '0' },
    });
    expect([code, events(output), output]).toEqual([
      0,
      ['launch_not_waiting'],
      expect.stringContaining('"state":"InService"'),
    ]);
    expect(await parent.run('lifecycle-state', [other])).toEqual({ code: 0, output: 'none\n' });
  });

  describe('the data volume', () => {
    /** Makes a volume, and a stand-in for its disk. @returns the volume's id */
    async function volume(): Promise<string> {
      const made = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 20 }));
      const id = made.VolumeId ?? '';
      const disks = folder.file('disks');
      await mkdir(`${disks}/by-id`, { recursive: true });
      await mkdir(`${disks}/by-label`, { recursive: true });
      await writeFile(`${disks}/by-id/nvme-Amazon_Elastic_Block_Store_${id.replace('-', '')}`, '');
      await writeFile(`${disks}/by-label/communique-data`, '');
      return id;
    }
    const attach = (id: string) =>
      parent.run('attach-data-volume', [], {
        ...{ DATA_VOLUME_ID: id, DISKS: folder.file('disks'), TRIES: '3', PAUSE_SECONDS: '0' },
      });
    const attached = async (id: string) =>
      (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0]?.Attachments?.map(
        ({ InstanceId: instance, Device: device }) => `${instance ?? ''} ${device ?? ''}`,
      );

    it('is attached, and gets a file system only if its disk is blank', async () => {
      const id = await volume();
      await parent.isInstance(serving);
      await parent.standIn('blkid', 'exit 2');
      await parent.standIn('mkfs.ext4', `echo "$*" > ${folder.file('made')}`);
      await parent.standIn('udevadm', 'exit 0');
      expect(await attach(id)).toEqual({ code: 0, output: `${id} was blank: a file system was made\n` });
      expect(await attached(id)).toEqual([`${serving} /dev/sdf`]);
      await parent.standIn('blkid', 'echo LABEL=communique-data');
      expect(await attach(id)).toEqual({ code: 0, output: '' });
    });

    it('stays attached to the instance that holds it, and the error names that instance', async () => {
      const id = await volume();
      await parent.isInstance(serving);
      await parent.standIn('blkid', 'echo LABEL=communique-data');
      expect(await attach(id)).toMatchObject({ code: 0 });
      await parent.isInstance(other);
      expect(await attach(id)).toEqual({
        code: 1,
        output: `${id} is with ${serving} (in-use): waiting\n${id} could not be attached: it is with ${serving}\n`,
      });
      expect(await attached(id)).toEqual([`${serving} /dev/sdf`]);
    });

    it('fails to attach if AWS does not know the volume', async () => {
      const { code, output } = await attach('vol-0123456789abcdef0');
      expect([code, output]).toEqual([1, expect.stringContaining('InvalidVolume.NotFound')]);
      expect(output).toContain('AWS does not say which instance holds vol-0123456789abcdef0');
    });
  });
}
