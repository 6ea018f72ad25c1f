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
  /** Whether an instance has a public address of its own, from which it reaches AWS until it takes the Elastic IP. */
  publicAddress: boolean;
  rootVolumeGiB: number;
  /** In base64. A change replaces the instances. */
  userData: Input<string>;
  instances: number;
  maxInstances: number;
  /** Whether the old instance ends before the new one starts, because the data volume can be attached to only one instance. */
  oneAtATime: boolean;
  targetGroupArns: Input<string>[];
  /** The stack's tags, for everything that is made with an instance. */
  tags: Readonly<Record<string, string>>;
  /** What the instances run, for the tags of template and instances: PCR0 of the image, SHA-256 of the release. */
  runs: { pcr0: string; release: string };
  /** Whether the group keeps its template version, because `npm run deploy` changes the version by a refresh that it can roll back. */
  versionByDeploy: boolean;
  /** Resources that an instance needs from its first minute: routes, rights, keys, stores, secrets, files. */
  after: Resource[];
}

/** How instances are replaced, by the provider and by `npm run deploy`. */
export const refreshPreferences = (oneAtATime: boolean): RefreshPreferences =>
  oneAtATime
    ? { minHealthyPercentage: 0, maxHealthyPercentage: 100, autoRollback: false, skipMatching: true }
    : { minHealthyPercentage: 100, maxHealthyPercentage: 200, autoRollback: true, skipMatching: true };

/** The parent instances. The group starts them from one template, and replaces an instance when EC2's checks fail. */
export class Parents extends Part {
  readonly groupName: Output<string>;
  /** The launch template for new instances. */
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
        // The balancer's checks only decide which parents get requests. Without a database every parent is unhealthy at once, and replacing
        // them all would not help. The hook below admits new parents; a unit on the parent restarts an enclave that ends.
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
        // An instance is in service once the parent has sent CONTINUE, which it does when its enclave is attested. So the first `pulumi up`
        // fails if no enclave is attested; a later one waits only if the number of parents changes (rollout.ts).
        waitForCapacityTimeout: `${CAPACITY_WAIT_SECONDS}s`,
        // Otherwise the provider would fail at the first failed activity, although the group tries another zone if a zone has no capacity.
        ignoreFailedScalingActivities: true,
        // Instances hold no data, and an instance that waits in the hook would delay `pulumi destroy` until the hook ends.
        forceDelete: true,
        tags: Object.entries(tags).map(([key, value]) => ({ key, value, propagateAtLaunch: false })),
      },
      this.child({
        // The hook is set only at creation. The provider never reads it, so a change would replace the group with all its parents. An
        // imported group would be replaced for the same reason (terraform-provider-aws, issue 49226).
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
