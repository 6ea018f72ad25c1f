import { Group } from '@pulumi/aws/autoscaling/group.js';
import { LaunchTemplate } from '@pulumi/aws/ec2/launchTemplate.js';
import { all, type ComponentResourceOptions, type Input, type Output, type Resource } from '@pulumi/pulumi';
import { CAPACITY_WAIT_SECONDS, LAUNCH_HOOK, PROJECT } from '../names';
import type { RefreshPreferences } from '../rollout';
import { Part } from './part';

export interface ParentsArgs {
  imageId: Input<string>;
  instanceType: string;
  instanceProfileArn: Input<string>;
  securityGroupId: Input<string>;
  subnetIds: Input<string>[];
  /** Whether each instance gets a public address at launch, to reach AWS before it takes the Elastic IP. */
  publicAddress: boolean;
  rootVolumeGiB: number;
  /** In base64. A change replaces the instances. */
  userData: Input<string>;
  instances: number;
  maxInstances: number;
  /** Whether the old instance ends before the new one starts: the data volume can be attached to only one instance. */
  oneAtATime: boolean;
  targetGroupArns: Input<string>[];
  /** The stack's tags, for instances, volumes and network interfaces. */
  tags: Readonly<Record<string, string>>;
  /** For the tags of template and instances: the image's PCR0 and the release's SHA-256. */
  runs: { pcr0: string; release: string };
  /** Whether Pulumi leaves the group's template version alone. `npm run deploy` changes the version by a refresh that can be rolled back. */
  versionByDeploy: boolean;
  /** What an instance needs from its first minute: routes, rights, keys, stores, secrets, files. */
  after: Resource[];
}

/** How Pulumi's provider and `npm run deploy` replace instances. */
export const refreshPreferences = (oneAtATime: boolean): RefreshPreferences =>
  oneAtATime
    ? { minHealthyPercentage: 0, maxHealthyPercentage: 100, autoRollback: false, skipMatching: true }
    : { minHealthyPercentage: 100, maxHealthyPercentage: 200, autoRollback: true, skipMatching: true };

/** The parent instances. The group starts them from one template, and replaces an instance when EC2's checks fail. */
export class Parents extends Part {
  readonly groupName: Output<string>;
  readonly template: Output<{ id: string; version: string }>;

  constructor(name: string, args: ParentsArgs, options: ComponentResourceOptions) {
    super('Parents', name, options);
    const tags = { ...args.tags, Name: name };
    const runs = { [`${PROJECT}:pcr0`]: args.runs.pcr0, [`${PROJECT}:release`]: args.runs.release };
    const template = new LaunchTemplate(
      name,
      {
        name,
        imageId: args.imageId,
        instanceType: args.instanceType,
        updateDefaultVersion: true,
        enclaveOptions: { enabled: true },
        hibernationOptions: { configured: false }, // cannot be combined with enclaves
        iamInstanceProfile: { arn: args.instanceProfileArn },
        metadataOptions: {
          httpEndpoint: 'enabled',
          httpTokens: 'required',
          httpPutResponseHopLimit: 1,
          instanceMetadataTags: 'disabled',
        },
        blockDeviceMappings: [
          {
            deviceName: '/dev/xvda',
            ebs: { volumeSize: args.rootVolumeGiB, volumeType: 'gp3', encrypted: 'true', deleteOnTermination: 'true' },
          },
        ],
        networkInterfaces: [
          {
            deviceIndex: 0,
            associatePublicIpAddress: String(args.publicAddress),
            securityGroups: [args.securityGroupId],
            deleteOnTermination: 'true',
          },
        ],
        monitoring: { enabled: true },
        instanceInitiatedShutdownBehavior: 'terminate',
        userData: args.userData,
        tagSpecifications: ['instance', 'volume', 'network-interface'].map((resourceType) => ({
          resourceType,
          tags: resourceType === 'instance' ? { ...tags, ...runs } : tags,
        })),
        tags: { Name: name, ...runs },
      },
      this.child(),
    );
    const group = new Group(
      name,
      {
        name,
        minSize: args.instances,
        maxSize: args.maxInstances,
        vpcZoneIdentifiers: args.subnetIds,
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        // Not ELB, because without a database every parent fails the balancer's checks, and replacing the parents would not help.
        healthCheckType: 'EC2',
        healthCheckGracePeriod: 300,
        defaultInstanceWarmup: 60,
        targetGroupArns: args.targetGroupArns,
        initialLifecycleHooks: [
          {
            name: LAUNCH_HOOK.name,
            lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
            heartbeatTimeout: LAUNCH_HOOK.timeoutSeconds,
            defaultResult: 'ABANDON',
          },
        ],
        instanceRefresh: {
          strategy: 'Rolling',
          triggers: ['tag'],
          preferences: refreshPreferences(args.oneAtATime),
        },
        enabledMetrics: [
          'GroupInServiceInstances',
          'GroupDesiredCapacity',
          'GroupPendingInstances',
          'GroupTerminatingInstances',
        ],
        metricsGranularity: '1Minute',
        // An instance is in service after its enclave is attested and the parent has sent CONTINUE. So the first `pulumi up` fails if no
        // enclave is attested. A later one waits only if the number of parents changes (rollout.ts).
        waitForCapacityTimeout: `${CAPACITY_WAIT_SECONDS}s`,
        // If a zone has no capacity, the group tries another. Without this option the provider would fail at the first failed try.
        ignoreFailedScalingActivities: true,
        // Instances have no data to save. Without this option an instance that waits in the hook would delay `pulumi destroy`.
        forceDelete: true,
        tags: Object.entries(tags).map(([key, value]) => ({ key, value, propagateAtLaunch: false })),
      },
      this.child({
        // The provider sets the hook only at creation and never reads it, so it would replace a group whose hook changed, and an imported
        // group (terraform-provider-aws, issue 49226).
        ignoreChanges: [
          'desiredCapacity',
          'initialLifecycleHooks',
          ...(args.versionByDeploy ? ['launchTemplate.version'] : []),
        ],
        dependsOn: args.after,
      }),
    );
    this.groupName = group.name;
    this.template = all([template.id, template.latestVersion]).apply(([id, version]) => ({
      id,
      version: String(version),
    }));
    this.registerOutputs({});
  }
}
