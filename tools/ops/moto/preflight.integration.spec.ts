import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
  DeleteAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  AllocateAddressCommand,
  CreateImageCommand,
  EC2Client,
  RunInstancesCommand,
  type _InstanceType,
} from '@aws-sdk/client-ec2';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describeWithJudge, JUDGES } from '@communique-tee/testing/judges';
import { randomBytes } from 'node:crypto';
import type { Ports } from '../preflight/ports';
import { absent, lines, look, programs, realPreview, STACK_FILE } from '../preflight/testing/look';
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';
import { startNotInMoto, type NotInMoto } from './not-in-moto';

const TAG = { Key: 'communique-tee:stack', Value: 'prod' };
const VCPUS = 'L-1216C47A';
const ADDRESSES = 'L-0263D0A3';

/** Runs each check that asks AWS against moto, an AWS emulator: once where the check passes, and once where it fails. */
describeWithJudge(JUDGES.moto, 'preflight against moto', (installed) => {
  let moto: Moto;
  let notInMoto: NotInMoto;
  let ec2: EC2Client;
  let kms: KMSClient;
  let secretsManager: SecretsManagerClient;
  let groups: AutoScalingClient;
  const saved = { ...process.env };

  beforeAll(async () => {
    [moto, notInMoto] = await Promise.all([startMoto(installed), startNotInMoto()]);
    // The SDK reads these variables, as it does on an operator's machine.
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ENDPOINT_URL_SERVICE_QUOTAS: notInMoto.endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    ec2 = new EC2Client(config);
    kms = new KMSClient(config);
    secretsManager = new SecretsManagerClient(config);
    groups = new AutoScalingClient(config);
  }, 180_000);
  afterAll(async () => {
    for (const name of Object.keys(process.env)) if (!(name in saved)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, saved);
    await moto[Symbol.asyncDispose]();
    await notInMoto[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await moto.reset();
    Object.assign(notInMoto.quotas, { [VCPUS]: 32, [ADDRESSES]: 5 });
  });

  const said = async (name: string, more: readonly string[] = [], region = 'us-east-1', resolver = absent) =>
    lines(
      await look(
        name,
        {
          files: { 'Pulumi.prod.yaml': STACK_FILE.replace('us-east-1', region) },
          ports: { resolver, env: { ...process.env }, aws: { credentials: MOTO_CREDENTIALS } },
        },
        more,
      ),
    );
  const opening = ['--before', 'opening'];

  it('aws-credentials: passes for a key administrator, and fails for another caller', async () => {
    expect(await said('aws-credentials')).toEqual([expect.stringMatching(`^pass: .*${MOTO_ACCOUNT}.* in us-east-1$`)]);
    expect(
      await said('aws-credentials', ['--config', 'keyAdministrators=arn:aws:iam::123456789012:role/another']),
    ).toContainEqual(expect.stringMatching(/^fail: you are not among keyAdministrators/));
  });

  it('vcpu-quota: counts other instances by their type, since moto reports no CPU options', async () => {
    const wanted = '8 vCPUs wanted (2 c6g.xlarge while replacing)';
    expect(await said('vcpu-quota')).toEqual([`pass: ${wanted}, 0 used by others, quota 32`]);
    await run('m5.12xlarge');
    expect(await said('vcpu-quota')).toEqual([`fail: ${wanted}, 48 used by others, quota 32`]);
  });

  it('address-quota: passes with a free address, and fails if others hold as many as the quota allows', async () => {
    expect(await said('address-quota')).toEqual(['pass: 1 wanted (0 there already), 0 used by others, quota 5']);
    for (let made = 0; made < 5; made += 1) await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    expect(await said('address-quota')).toEqual(['fail: 1 wanted (0 there already), 5 used by others, quota 5']);
  });

  it('instance-type: passes in the stack’s zones, and fails in a zone without the type', async () => {
    expect(await said('instance-type')).toEqual(['pass: c6g.xlarge in us-east-1a and us-east-1b, enclaves supported']);
    const elsewhere = (await realPreview()).replaceAll('us-east-1b', 'us-east-1e');
    const runProgram: Ports['runProgram'] = async (command, args) =>
      command === process.execPath ? { code: 0, stdout: elsewhere, stderr: '' } : programs(command, args);
    const found = await look('instance-type', {
      ports: { runProgram, env: { ...process.env }, aws: { credentials: MOTO_CREDENTIALS } },
    });
    expect(lines(found)).toEqual(['fail: c6g.xlarge is not offered in us-east-1e, where the subnets will be']);
    expect(found[0]?.todo).toContain('availabilityZones: us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f;');
    expect(await said('instance-type', [], 'af-south-1')).toEqual([
      'fail: this account has no zone us-east-1a and us-east-1b in af-south-1',
    ]);
  });

  it('ami: passes for Amazon’s newest, and fails for an absent AMI and for another architecture', async () => {
    expect(await said('ami')).toEqual([expect.stringMatching(/^pass: ami-[0-9a-f]+, arm64, Amazon’s newest$/)]);
    expect(await said('ami', ['--config', 'amiId=ami-0123456789abcdef0'])).toEqual([
      expect.stringMatching(/^fail: there is no ami-0123456789abcdef0/),
    ]);
    const { Instances: [instance] = [] } = await run('c5.large');
    const { ImageId: id } = await ec2.send(new CreateImageCommand({ InstanceId: instance?.InstanceId, Name: 'x' }));
    expect(await said('ami', ['--config', `amiId=${id ?? ''}`])).toEqual([
      expect.stringMatching(/^fail: .* another architecture/),
    ]);
  });

  it('bucket-names: passes for a free name and for a bucket of ours', async () => {
    const name = `communique-tee-prod-images-${MOTO_ACCOUNT}-us-east-1`;
    expect(await said('bucket-names')).toContain(`pass: ${name} is free`);
    await new S3Client({
      region: 'us-east-1',
      endpoint: moto.endpoint,
      credentials: MOTO_CREDENTIALS,
      forcePathStyle: true,
    }).send(new CreateBucketCommand({ Bucket: name }));
    expect(await said('bucket-names')).toContain(`pass: ${name} is ours`);
  });

  it('kms-keys: passes for enabled keys, and fails for a disabled one and one that waits for deletion', async () => {
    expect(await said('kms-keys')).toEqual([
      'pass: alias/communique-tee-prod-enclave: not made yet, pulumi up will',
      'pass: alias/communique-tee-prod-operator: not made yet, pulumi up will',
    ]);
    expect(await said('kms-keys', opening)).toEqual([
      expect.stringMatching(/^fail: there is no alias\/communique-tee-prod-enclave/),
      expect.stringMatching(/^fail: there is no alias\/communique-tee-prod-operator/),
    ]);
    const [enclave, operator] = [await key('enclave'), await key('operator')];
    expect(await said('kms-keys', opening)).toEqual([
      'pass: alias/communique-tee-prod-enclave is enabled',
      'pass: alias/communique-tee-prod-operator is enabled',
    ]);
    await kms.send(new DisableKeyCommand({ KeyId: enclave }));
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: operator }));
    expect(await said('kms-keys')).toEqual([
      'fail: alias/communique-tee-prod-enclave is not enabled',
      expect.stringMatching(/^fail: alias\/communique-tee-prod-operator is waiting to be deleted/),
    ]);
  });

  it('secrets: passes for secrets with values, and fails for an empty one and one that waits for deletion', async () => {
    const own = (found: readonly string[]) => found.filter((line) => !line.includes('RDS'));
    for (const line of own(await said('secrets'))) expect(line).toMatch(/^warn: .* is not there yet$/);
    const ciphertext = Buffer.concat([Buffer.from([1, 2, 2, 0, 0x78]), randomBytes(180)]).toString('base64');
    const create = (name: string, value?: string) =>
      secretsManager.send(
        new CreateSecretCommand({
          Name: `communique-tee/prod/${name}`,
          ...(value !== undefined && { SecretString: value }),
        }),
      );
    await create('enclave/cwc-house', ciphertext);
    await create('enclave/cwc-senate');
    await create('gateway/redis-token', 'a-password-of-redis');
    expect(own(await said('secrets', opening)).sort()).toEqual([
      'fail: communique-tee/prod/enclave/cwc-senate has no value yet',
      'pass: communique-tee/prod/enclave/cwc-house holds what looks like KMS ciphertext',
      'pass: communique-tee/prod/gateway/redis-token holds a password',
    ]);
    await secretsManager.send(new DeleteSecretCommand({ SecretId: 'communique-tee/prod/enclave/cwc-house' }));
    expect(await said('secrets')).toContainEqual(
      expect.stringMatching(/^fail: communique-tee\/prod\/enclave\/cwc-house is waiting to be deleted/),
    );
  });

  it('parent: passes if the instance is in service, and fails if the group has none', async () => {
    const name = 'communique-tee-prod-parent';
    expect(await said('parent')).toEqual(['pass: not made yet, pulumi up will']);
    expect(await said('parent', opening)).toEqual([`fail: there is no group ${name}`]);
    await groups.send(
      new CreateLaunchConfigurationCommand({
        LaunchConfigurationName: 'x',
        ImageId: 'ami-12c6146b',
        InstanceType: 'c6g.xlarge',
      }),
    );
    const group = (size: number) => ({
      AutoScalingGroupName: name,
      LaunchConfigurationName: 'x',
      AvailabilityZones: ['us-east-1a'],
      ...{ MinSize: size, MaxSize: 1, DesiredCapacity: size },
    });
    await groups.send(new CreateAutoScalingGroupCommand(group(1)));
    expect(await said('parent', opening)).toEqual(['pass: 1 of 1 in service']);
    await groups.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true }));
    await groups.send(new CreateAutoScalingGroupCommand(group(0)));
    expect(await said('parent')).toEqual(['fail: 0 of 1 in service']);
  });

  it('domain: passes if the name resolves to the stack’s address, and fails for another address', async () => {
    const { PublicIp: address = '' } = await ec2.send(
      new AllocateAddressCommand({
        Domain: 'vpc',
        TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [TAG] }],
      }),
    );
    const leadingTo = (to: string) =>
      ({ ...absent, resolve4: () => Promise.resolve([to]) }) as unknown as typeof absent;
    expect(await said('domain', opening, 'us-east-1', leadingTo(address))).toEqual([
      `pass: service.communique.test resolves to the stack’s address ${address}`,
    ]);
    expect(await said('domain', opening, 'us-east-1', leadingTo('203.0.113.7'))).toEqual([
      `fail: service.communique.test resolves to 203.0.113.7; the stack’s address is ${address}`,
    ]);
  });

  const run = (type: _InstanceType) =>
    ec2.send(new RunInstancesCommand({ ImageId: 'ami-12c6146b', InstanceType: type, MinCount: 1, MaxCount: 1 }));
  async function key(name: string): Promise<string> {
    const { KeyMetadata: made } = await kms.send(new CreateKeyCommand({}));
    const id = made?.KeyId ?? '';
    await kms.send(new CreateAliasCommand({ AliasName: `alias/communique-tee-prod-${name}`, TargetKeyId: id }));
    return id;
  }
});
