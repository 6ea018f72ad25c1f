import type { Account } from '../../aws/account';
import type { Properties } from '../../aws/wire';
import type { Thing } from '../../aws/world';
import { AwsError, UsageError, type AwsCommand, type Given } from './aws-command';

const DATABASE = 'aws:rds/instance:Instance';

function databaseOf(account: Account, identifier: string): Thing {
  const found = account.world.ofType(DATABASE).find(({ inputs }) => inputs['identifier'] === identifier);
  if (found === undefined) throw new AwsError(`DBInstanceNotFound: DBInstance ${identifier} not found.`);
  return found;
}

/** In the form of DescribeDBInstances. */
const described = ({ id, inputs, outputs }: Thing) => ({
  DBInstanceIdentifier: inputs['identifier'],
  DbiResourceId: id,
  DBInstanceStatus: 'available',
  LatestRestorableTime: '2026-11-30T09:00:00+00:00',
  VpcSecurityGroups: (inputs['vpcSecurityGroupIds'] as string[]).map((VpcSecurityGroupId) => ({ VpcSecurityGroupId })),
  MasterUserSecret: (outputs['masterUserSecrets'] as { secretArn: string }[]).map(({ secretArn: SecretArn }) => ({
    SecretArn,
  }))[0],
});

/**
 * The properties of a restored instance. RDS does not copy the settings for log export and storage growth. Groups, tags and
 * protection come from the request (RDS API, RestoreDBInstanceToPointInTime; RDS user guide, "Restoring a DB instance to a specified time").
 */
function restored(source: Thing, given: Given): Properties {
  return {
    ...source.inputs,
    identifier: given.one('target-db-instance-identifier'),
    dbSubnetGroupName: given.one('db-subnet-group-name'),
    parameterGroupName: given.one('db-parameter-group-name'),
    vpcSecurityGroupIds: given.many('vpc-security-group-ids'),
    multiAz: given.has('multi-az'),
    publiclyAccessible: given.either('publicly-accessible', false),
    deletionProtection: given.has('deletion-protection'),
    copyTagsToSnapshot: given.has('copy-tags-to-snapshot'),
    manageMasterUserPassword: given.has('manage-master-user-password'),
    enabledCloudwatchLogsExports: [],
    maxAllocatedStorage: 0,
    tags: {},
  };
}

function mustExist(account: Account, type: string, name: string): void {
  if (account.world.find(type, name) === undefined) throw new AwsError(`NotFound: ${type} ${name} not found.`);
}

export const DATABASES: Readonly<Record<string, AwsCommand>> = {
  'rds describe-db-instances': {
    options: { 'db-instance-identifier': 'one' },
    run: (given, account) => ({ DBInstances: [described(databaseOf(account, given.one('db-instance-identifier')))] }),
  },
  'rds wait db-instance-available': {
    options: { 'db-instance-identifier': 'one' },
    run: (given, account) => void databaseOf(account, given.one('db-instance-identifier')),
  },
  'rds restore-db-instance-to-point-in-time': {
    options: {
      'source-db-instance-identifier': 'one',
      'target-db-instance-identifier': 'one',
      'restore-time': 'one',
      'db-subnet-group-name': 'one',
      'db-parameter-group-name': 'one',
      'vpc-security-group-ids': 'many',
      'multi-az': 'flag',
      'publicly-accessible': 'flag',
      'no-publicly-accessible': 'flag',
      'deletion-protection': 'flag',
      'copy-tags-to-snapshot': 'flag',
      'manage-master-user-password': 'flag',
    },
    run(given, account, region) {
      const source = databaseOf(account, given.one('source-db-instance-identifier'));
      if (Number.isNaN(Date.parse(given.one('restore-time')))) throw new UsageError('Invalid timestamp');
      const inputs = restored(source, given);
      mustExist(account, 'aws:rds/subnetGroup:SubnetGroup', given.one('db-subnet-group-name'));
      mustExist(account, 'aws:rds/parameterGroup:ParameterGroup', given.one('db-parameter-group-name'));
      const made = account.create(region, DATABASE, String(inputs['identifier']), inputs);
      if (given.has('manage-master-user-password')) return { DBInstance: described(made) };
      const without = { ...made, outputs: { ...made.outputs, masterUserSecrets: [] } };
      account.world.put(without);
      return { DBInstance: described(without) };
    },
  },
  'rds modify-db-instance': {
    options: {
      'db-instance-identifier': 'one',
      'new-db-instance-identifier': 'one',
      'apply-immediately': 'flag',
      'deletion-protection': 'flag',
      'no-deletion-protection': 'flag',
    },
    run(given, account) {
      const thing = databaseOf(account, given.one('db-instance-identifier'));
      const { identifier, deletionProtection } = thing.inputs;
      const [name = String(identifier)] = given.many('new-db-instance-identifier');
      if (name !== identifier) {
        if (!given.has('apply-immediately'))
          throw new AwsError('--apply-immediately is missing: the change would wait for a maintenance window');
        if (account.world.ofType(DATABASE).some(({ inputs }) => inputs['identifier'] === name))
          throw new AwsError(`DBInstanceAlreadyExists: DB instance ${name} already exists`);
      }
      const changed = {
        ...thing,
        inputs: {
          ...thing.inputs,
          identifier: name,
          deletionProtection: given.either('deletion-protection', deletionProtection === true),
        },
        // Only the first label of the address differs within an account and region.
        outputs: {
          ...thing.outputs,
          address: String(thing.outputs['address']).replace(/^[^.]+/, name),
        },
      };
      account.world.put(changed);
      return { DBInstance: described(changed) };
    },
  },
};
