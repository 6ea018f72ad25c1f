import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAPPINGS } from '../../aws-api/mappings';
import { Account } from './account';
import { UNIQUE } from './clashes';
import { REPLACING } from './replacing';
import { World } from './world';

const folder = mkdtempSync(join(tmpdir(), 'communique-account-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
const account = (): Account => new Account(new World(join(folder, `${String(count++)}.json`)));
const REGION = 'us-east-1';
const BUCKET = 'aws:s3/bucket:Bucket';
const OBJECT = 'aws:s3/bucketObjectv2:BucketObjectv2';
const SECRET = 'aws:secretsmanager/secret:Secret';

it('REPLACING has a row for every resource type of the program, and UNIQUE has only such types', () => {
  expect(Object.keys(REPLACING).sort()).toEqual(Object.keys(MAPPINGS).sort());
  expect(Object.keys(UNIQUE).filter((type) => MAPPINGS[type] === undefined)).toEqual([]);
});

describe('the simulated account', () => {
  it('keeps its resources in a file, so that the next run has them', () => {
    const { world } = account();
    const { id } = new Account(world).create(REGION, BUCKET, 'images', { bucket: 'a-bucket' });
    expect(new World(world.file).find(BUCKET, id)?.inputs).toEqual({ bucket: 'a-bucket' });
  });

  it('refuses a name that is taken, and accepts it again after the deletion', () => {
    const aws = account();
    const { id } = aws.create(REGION, BUCKET, 'images', { bucket: 'a-bucket' });
    expect(() => aws.create(REGION, BUCKET, 'other', { bucket: 'a-bucket' })).toThrow(/^BucketAlreadyExists/);
    aws.delete(BUCKET, id);
    expect(aws.create(REGION, BUCKET, 'other', { bucket: 'a-bucket' }).id).toBe(id);
  });

  it('keeps the name of a deleted secret taken if the secret has a recovery window', () => {
    const aws = account();
    const { id } = aws.create(REGION, SECRET, 'secret', { name: 'a', recoveryWindowInDays: 7 });
    aws.delete(SECRET, id);
    expect(aws.find(SECRET, id)).toBeUndefined();
    expect(() => aws.create(REGION, SECRET, 'secret', { name: 'a' })).toThrow('already scheduled for deletion');
    aws.delete(SECRET, aws.create(REGION, SECRET, 'secret', { name: 'b', recoveryWindowInDays: 0 }).id);
    expect(aws.create(REGION, SECRET, 'secret', { name: 'b' }).id).toContain(':secret:b-');
  });

  it('keeps the final snapshot of a deleted store, and the snapshot’s name stays taken', () => {
    const aws = account();
    const group = { replicationGroupId: 'redis', finalSnapshotIdentifier: 'redis-final' };
    const cache = 'aws:elasticache/replicationGroup:ReplicationGroup';
    aws.delete(cache, aws.create(REGION, cache, 'redis', group).id);
    const again = aws.create(REGION, cache, 'redis', group);
    expect(() => {
      aws.delete(cache, again.id);
    }).toThrow(/^SnapshotAlreadyExistsFault/);
    const database = { identifier: 'db', finalSnapshotIdentifier: 'db-final', skipFinalSnapshot: true };
    for (let round = 0; round < 2; round++) {
      const { type, id } = aws.create(REGION, 'aws:rds/instance:Instance', 'db', database);
      aws.delete(type, id);
    }
  });

  it('refuses an id that does not exist, and the deletion of a resource in use', () => {
    const aws = account();
    const subnet = { vpcId: 'vpc-00000000000000000', cidrBlock: '10.0.0.0/24' };
    expect(() => aws.create(REGION, 'aws:ec2/subnet:Subnet', 'a', subnet)).toThrow(/^InvalidID.NotFound/);
    const vpc = aws.create(REGION, 'aws:ec2/vpc:Vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    aws.create(REGION, 'aws:ec2/subnet:Subnet', 'a', { ...subnet, vpcId: vpc.id });
    expect(() => {
      aws.delete(vpc.type, vpc.id);
    }).toThrow(/^DependencyViolation/);
  });

  it.each([
    ['aws:rds/instance:Instance', 'deletionProtection', /^InvalidParameterCombination: .* deletion protection is on/],
    ['aws:lb/loadBalancer:LoadBalancer', 'enableDeletionProtection', /^OperationNotPermitted: /],
    ['aws:cloudwatch/logGroup:LogGroup', 'deletionProtectionEnabled', /^ValidationException: /],
  ])('refuses to delete a protected %s with the error of its service', (type, input, error) => {
    const aws = account();
    const { id } = aws.create(REGION, type, 'kept', { name: 'kept', identifier: 'kept', [input]: true });
    expect(() => {
      aws.delete(type, id);
    }).toThrow(error);
    aws.update(type, id, { name: 'kept', identifier: 'kept', skipFinalSnapshot: true, [input]: false });
    aws.delete(type, id);
    expect(aws.world.all).toEqual([]);
  });

  it('refuses to delete a resource that a store, a NAT gateway or another resource uses, with the service’s own error', () => {
    const aws = account();
    const group = aws.create(REGION, 'aws:rds/subnetGroup:SubnetGroup', 'group', { name: 'group' });
    aws.create(REGION, 'aws:rds/instance:Instance', 'db', { identifier: 'db', dbSubnetGroupName: group.id });
    const address = aws.create(REGION, 'aws:ec2/eip:Eip', 'address', {});
    aws.create(REGION, 'aws:ec2/natGateway:NatGateway', 'nat', { allocationId: address.id });
    const vpc = aws.create(REGION, 'aws:ec2/vpc:Vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    aws.create(REGION, 'aws:ec2/routeTable:RouteTable', 'table', { vpcId: vpc.id });
    for (const [{ type, id }, error] of [
      [group, /^InvalidDBSubnetGroupStateFault: /],
      [address, /^AuthFailure: /],
      [vpc, /^DependencyViolation: .* in use by aws:ec2\/routeTable:RouteTable/],
    ] as const)
      expect(() => {
        aws.delete(type, id);
      }).toThrow(error);
  });

  it('empties a bucket at its deletion only with forceDestroy', () => {
    const aws = account();
    for (const [bucket, forceDestroy] of [
      ['kept', false],
      ['emptied', true],
    ] as const) {
      aws.create(REGION, BUCKET, bucket, { bucket, forceDestroy });
      expect(aws.create(REGION, OBJECT, 'object', { bucket, key: 'a/b' }).id).toBe(`${bucket}/a/b`);
    }
    expect(() => {
      aws.delete(BUCKET, 'kept');
    }).toThrow(/^BucketNotEmpty/);
    aws.delete(BUCKET, 'emptied');
    expect(aws.world.all.map(({ id }) => id)).toEqual(['kept', 'kept/a/b']);
  });

  it('knows which inputs AWS reports, and gives an import the provider’s default for the others', () => {
    const aws = account();
    const database = 'aws:rds/instance:Instance';
    const made = aws.create(REGION, database, 'db', { identifier: 'db', deleteAutomatedBackups: false });
    expect(['identifier', 'deleteAutomatedBackups'].map((input) => aws.isReported(database, input))).toEqual([
      true,
      false,
    ]);
    expect(aws.seenByImport(made)).toMatchObject({ identifier: 'db', deleteAutomatedBackups: true });
  });

  it('counts a launch template’s versions, and finds a database by its id or by its identifier', () => {
    const aws = account();
    const template = aws.create(REGION, 'aws:ec2/launchTemplate:LaunchTemplate', 'parent', { name: 'parent' });
    expect(template.outputs['latestVersion']).toBe(1);
    expect(aws.update(template.type, template.id, { name: 'parent', userData: 'x' })).toEqual({ latestVersion: 2 });
    const database = aws.create(REGION, 'aws:rds/instance:Instance', 'database', { identifier: 'db-of-prod' });
    expect(aws.find(database.type, 'db-of-prod')).toEqual(database);
    expect(aws.find(database.type, database.id)).toEqual(database);
  });
});
