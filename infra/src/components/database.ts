import { Instance } from '@pulumi/aws/rds/instance.js';
import { ParameterGroup } from '@pulumi/aws/rds/parameterGroup.js';
import { SubnetGroup } from '@pulumi/aws/rds/subnetGroup.js';
import { SecretRotation } from '@pulumi/aws/secretsmanager/secretRotation.js';
import { type ComponentResourceOptions, type Input, interpolate, type Output, type Resource } from '@pulumi/pulumi';
import { DATABASE_NAME } from '../names';
import { Part } from './part';

export interface DatabaseArgs {
  subnetIds: Input<string>[];
  securityGroupId: Input<string>;
  instanceClass: string;
  storageGiB: number;
  production: boolean;
  /** New each time the stack is created. It is part of the final snapshot's name, which a later stack cannot reuse. */
  generation: Input<string>;
  /** The component that makes the log groups of `databaseLogGroups`. */
  logs: Resource;
}

const LOG_EXPORTS = ['postgresql', 'upgrade'];

/** The groups to which RDS exports its logs (RDS user guide, "Publishing PostgreSQL logs to CloudWatch Logs"), by their key in `Logs`. */
export const databaseLogGroups = (identifier: string): Readonly<Record<string, string>> =>
  Object.fromEntries(LOG_EXPORTS.map((log) => [`database-${log}`, `/aws/rds/instance/${identifier}/${log}`]));

/** PostgreSQL at RDS: private, encrypted, only with TLS. RDS makes the password and keeps it in Secrets Manager. */
export class Database extends Part {
  readonly host: Output<string>;
  /** ARN of the secret, which is JSON with `username` and `password`. */
  readonly secretArn: Output<string>;
  readonly identifier: string;

  constructor(name: string, args: DatabaseArgs, options: ComponentResourceOptions) {
    super('Database', name, options);
    this.identifier = name;
    const subnets = new SubnetGroup(name, { name, subnetIds: args.subnetIds, tags: { Name: name } }, this.child());
    const parameters = new ParameterGroup(
      name,
      {
        name,
        family: 'postgres17',
        parameters: [
          { name: 'rds.force_ssl', value: '1' },
          { name: 'log_min_duration_statement', value: '1000' },
          { name: 'log_parameter_max_length', value: '0' },
          { name: 'log_parameter_max_length_on_error', value: '0' },
        ],
        tags: { Name: name },
      },
      this.child(),
    );
    const instance = new Instance(
      name,
      {
        identifier: name,
        engine: 'postgres',
        engineVersion: '17',
        instanceClass: args.instanceClass,
        dbName: DATABASE_NAME,
        username: DATABASE_NAME,
        manageMasterUserPassword: true,
        port: 5432,
        allocatedStorage: args.storageGiB,
        maxAllocatedStorage: args.storageGiB * 4,
        storageType: 'gp3',
        storageEncrypted: true,
        multiAz: args.production,
        publiclyAccessible: false,
        dbSubnetGroupName: subnets.name,
        vpcSecurityGroupIds: [args.securityGroupId],
        parameterGroupName: parameters.name,
        backupRetentionPeriod: args.production ? 35 : 7,
        backupWindow: '07:00-08:00',
        maintenanceWindow: 'sun:08:30-sun:09:30',
        deleteAutomatedBackups: !args.production,
        copyTagsToSnapshot: true,
        autoMinorVersionUpgrade: true,
        allowMajorVersionUpgrade: false,
        applyImmediately: false,
        enabledCloudwatchLogsExports: LOG_EXPORTS,
        deletionProtection: args.production,
        skipFinalSnapshot: !args.production,
        ...(args.production && { finalSnapshotIdentifier: interpolate`${name}-final-${args.generation}` }),
        tags: { Name: name },
      },
      this.child({ protect: args.production, dependsOn: args.logs }),
    );
    this.host = instance.address;
    this.secretArn = instance.masterUserSecrets.apply(([secret]) => {
      if (secret === undefined) throw new Error('RDS made no secret for its password');
      return secret.secretArn;
    });
    // Rotate after a year, because RDS's default of seven days is too short: the gateway reads the password only when it starts.
    new SecretRotation(
      name,
      { secretId: this.secretArn, rotateImmediately: false, rotationRules: { automaticallyAfterDays: 365 } },
      this.child(),
    );
    this.registerOutputs({});
  }
}
