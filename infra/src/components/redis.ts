import { ParameterGroup } from '@pulumi/aws/elasticache/parameterGroup.js';
import { ReplicationGroup } from '@pulumi/aws/elasticache/replicationGroup.js';
import { SubnetGroup } from '@pulumi/aws/elasticache/subnetGroup.js';
import { interpolate, secret, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import { REDIS_PORT } from '../names';
import { Part } from './part';
import { writeOnlyVersion } from './write-only-version';

export interface RedisArgs {
  subnetIds: Input<string>[];
  securityGroupId: Input<string>;
  nodeType: string;
  authToken: string;
  production: boolean;
  /** Differs each time the stack is made anew, because the name of an earlier final snapshot stays taken. */
  generation: Input<string>;
}

/** Redis at ElastiCache: private, encrypted on disk and in transit, with a password, and without eviction. */
export class Redis extends Part {
  readonly host: Output<string>;
  readonly identifier: string;
  /** The number of nodes, which are named `<identifier>-001` and so on. */
  readonly nodes: number;

  constructor(name: string, args: RedisArgs, options: ComponentResourceOptions) {
    super('Redis', name, options);
    this.identifier = name;
    this.nodes = args.production ? 2 : 1;
    const subnets = new SubnetGroup(name, { name, subnetIds: args.subnetIds, tags: { Name: name } }, this.child());
    const parameters = new ParameterGroup(
      name,
      { name, family: 'redis7', parameters: [{ name: 'maxmemory-policy', value: 'noeviction' }], tags: { Name: name } },
      this.child(),
    );
    const group = new ReplicationGroup(
      name,
      {
        replicationGroupId: name,
        description: 'Rate limits and cached refusals of the budget',
        engine: 'redis',
        engineVersion: '7.1',
        nodeType: args.nodeType,
        numCacheClusters: this.nodes,
        automaticFailoverEnabled: args.production,
        multiAzEnabled: args.production,
        port: REDIS_PORT,
        parameterGroupName: parameters.name,
        subnetGroupName: subnets.name,
        securityGroupIds: [args.securityGroupId],
        atRestEncryptionEnabled: true,
        transitEncryptionEnabled: true,
        transitEncryptionMode: 'required',
        authTokenWo: secret(args.authToken),
        authTokenWoVersion: writeOnlyVersion(args.authToken),
        authTokenUpdateStrategy: 'ROTATE',
        autoMinorVersionUpgrade: true,
        applyImmediately: false,
        snapshotRetentionLimit: args.production ? 7 : 1,
        snapshotWindow: '07:00-08:00',
        maintenanceWindow: 'sun:08:30-sun:09:30',
        ...(args.production && { finalSnapshotIdentifier: interpolate`${name}-final-${args.generation}` }),
        tags: { Name: name },
      },
      this.child({ protect: args.production, additionalSecretOutputs: ['authToken', 'authTokenWo'] }),
    );
    this.host = group.primaryEndpointAddress;
    this.registerOutputs({});
  }
}
