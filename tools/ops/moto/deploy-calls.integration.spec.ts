import { AutoScalingClient, CreateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateCommand, CreateLaunchTemplateVersionCommand, EC2Client } from '@aws-sdk/client-ec2';
import { describeWithJudge, JUDGES } from '@communique-tee/testing/judges';
import { Deployment } from '../deploy/deployment';
import { Interruption } from '../deploy/interruption';
import { deployPorts } from '../deploy/ports';
import { parentGroup } from '../deploy/rollout/group';
import { cancelRefresh, newestRefresh, startRefresh } from '../deploy/rollout/refresh';
import { runningImages } from '../deploy/rollout/running-images';
import { StepFailure } from '../deploy/step';
import { awsError, startStandInAws } from '../preflight/testing/stand-in-aws';
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';

const GROUP = 'communique-tee-prod-parent';
const PCR0 = ['a'.repeat(96), 'b'.repeat(96)] as const;

/** Tests the requests that deploy itself sends to AWS, against another project's emulator. */
describeWithJudge(JUDGES.moto, 'deploy against moto', (installed) => {
  let moto: Moto;
  let ec2: EC2Client;
  let groups: AutoScalingClient;

  beforeAll(async () => {
    moto = await startMoto(installed);
    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    ec2 = new EC2Client(config);
    groups = new AutoScalingClient(config);
  }, 180_000);
  afterAll(() => moto[Symbol.asyncDispose]());
  beforeEach(() => moto.reset());

  function deployment(endpoint = moto.endpoint): Deployment {
    const ports = deployPorts('/nowhere', new Interruption());
    return new Deployment(
      {
        ...{ stack: 'prod', region: 'us-east-1', yes: true, refresh: false, dropOldImage: false },
        stackFile: { region: 'us-east-1', values: new Map(), changes: [], secrets: new Map() } as never,
        skipChecks: undefined,
        ...{ rolloutLimitMs: 1, verifyLimitMs: 1 },
      },
      { ...ports, looking: { ...ports.looking, aws: { endpoint, credentials: MOTO_CREDENTIALS } } },
    );
  }

  /** Makes the parents' template as `pulumi up` leaves it: each version names its image in a tag. @returns the template's id */
  async function createParents(): Promise<string> {
    const data = (pcr0: string) => ({
      ImageId: 'ami-12c6146b',
      InstanceType: 'c6g.xlarge' as const,
      TagSpecifications: [
        { ResourceType: 'instance' as const, Tags: [{ Key: 'communique-tee:pcr0', Value: pcr0 }] },
        { ResourceType: 'volume' as const, Tags: [{ Key: 'Name', Value: GROUP }] },
      ],
    });
    const { LaunchTemplate: template } = await ec2.send(
      new CreateLaunchTemplateCommand({ LaunchTemplateName: GROUP, LaunchTemplateData: data(PCR0[0]) }),
    );
    const id = template?.LaunchTemplateId ?? '';
    await groups.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: GROUP,
        LaunchTemplate: { LaunchTemplateId: id, Version: '1' },
        AvailabilityZones: ['us-east-1a'],
        ...{ MinSize: 2, MaxSize: 2, DesiredCapacity: 2 },
      }),
    );
    await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateId: id, LaunchTemplateData: data(PCR0[1]) }));
    return id;
  }
  const target = {
    group: GROUP,
    template: { id: 'lt-0123456789abcdef0', version: '2' },
    preferences: { minHealthyPercentage: 100, maxHealthyPercentage: 200, autoRollback: true, skipMatching: true },
  };

  it('reads the caller’s account', async () => {
    expect(await deployment().account()).toMatchObject({ accountId: MOTO_ACCOUNT });
  });

  it('reads the group’s template version, and the version of each instance', async () => {
    expect(await parentGroup(deployment(), GROUP)).toBeUndefined();
    const templateId = await createParents();
    const group = await parentGroup(deployment(), GROUP);
    expect(group).toMatchObject({ templateId, version: '1', minSize: 2 });
    expect(group?.instances.map(({ version, state }) => [version, state])).toEqual([
      ['1', 'InService'],
      ['1', 'InService'],
    ]);
  });

  it('reads PCR0 of the running image, not of a newer template version', async () => {
    expect(await runningImages(deployment())).toEqual([]);
    await createParents();
    expect(await runningImages(deployment())).toEqual([PCR0[0]]);
  });

  it('names ec2:DescribeLaunchTemplateVersions if AWS refuses that action', async () => {
    await createParents();
    await using aws = await startStandInAws();
    aws.answer({ '*': awsError('AccessDenied', 403) });
    const of = deployment();
    const { groups: ofMoto } = of.aws();
    const refused = deployment(aws.endpoint);
    Object.assign(refused.aws(), { groups: ofMoto });
    await expect(runningImages(refused)).rejects.toThrow(/^ec2:DescribeLaunchTemplateVersions: not allowed to ask/);
  });

  it.each([
    ['sts:GetCallerIdentity', (of: Deployment) => of.account()],
    ['autoscaling:DescribeAutoScalingGroups', (of: Deployment) => parentGroup(of, GROUP)],
    ['autoscaling:DescribeInstanceRefreshes', (of: Deployment) => newestRefresh(of, target)],
    ['autoscaling:CancelInstanceRefresh', (of: Deployment) => cancelRefresh(of, target)],
    ['autoscaling:StartInstanceRefresh', (of: Deployment) => startRefresh(of, target)],
  ])('names %s if AWS refuses that action, and says what to do', async (action, ask) => {
    await using aws = await startStandInAws();
    aws.answer({ '*': awsError('AccessDenied', 403) });
    const failure: unknown = await ask(deployment(aws.endpoint)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StepFailure);
    expect(failure).toMatchObject({
      message: `${action}: not allowed to ask (${action})`,
      todo: [`allow ${action} to your role, or check by hand`],
    });
  });
});
