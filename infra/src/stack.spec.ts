import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { GATEWAY_KEEP_ALIVE_SECONDS } from '@communique-tee/gateway-environment';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { renderParentFiles } from '../parent/src';
import { MANAGED } from '../parent/src/testing/example-settings';
import { commandsBelow } from './engine/testing/operator/documented-commands';
import { MockAws, type SeenResource } from './mock-aws';
import type { PolicyDocument } from '@communique-tee/key-policies';
import { runProgram, type Seen } from './preview/run-program';
import { stackConfig } from './preview/stack-config';
import { violationsOf } from './rules';
import { statementsOf } from './rules/policies-of';
import { ruleResources } from './rules/seen-resources';
import { STACK_SHAPES } from './stack-shapes';

const root = workspaceRoot();
const folder = mkdtempSync(join(tmpdir(), 'communique-infra-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pcr = (digit: string): string => digit.repeat(96);
const RELEASE = gzipSync('a release');
/** The enclave's settings about residence that agree with these keys of the stack. */
function residenceInside(changes: readonly string[]): object {
  const [mode = 'off', registrar, keys] = ['residence', 'residenceRegistrar', 'residenceKeys'].map((key) =>
    changes.find((change) => change.startsWith(`${key}=`))?.slice(key.length + 1),
  );
  return mode === 'off' ? { mode } : { mode, registrar, keys: keys?.split(','), maxCampaignDays: 90 };
}

/** Writes an image folder as `npm run image -- build` does, except for the content of the .eif. */
function buildFolder(stack: string, changes: readonly string[] = []): string[] {
  writeFileSync(join(folder, 'communique-tee.eif'), Buffer.alloc(1024, stack));
  writeFileSync(join(folder, 'release.tar.gz'), RELEASE);
  writeFileSync(
    join(folder, 'measurements.json'),
    JSON.stringify({
      image: 'communique-tee.eif',
      version: '0.1.0',
      architecture: 'arm64',
      stack,
      sizeBytes: 1024,
      sha384: pcr('a'),
      hashAlgorithm: 'SHA384',
      pcr0: pcr('1'),
      pcr1: pcr('2'),
      pcr2: pcr('3'),
      commit: 'abc',
      custody: 'kms',
      residence: residenceInside(changes),
      agents: changes.includes('agents=on') ? 'on' : 'off',
      routes: [{ host: 'uat-cwc.house.gov', port: 443, vsockPort: 8001 }],
    }),
  );
  // The enclave's configuration is not in git, so the checkout may not have it.
  cpSync(join(root, 'apps/enclave/config/example.json'), join(folder, `apps/enclave/config/${stack}.json`));
  return [`imageFolder=${folder}`, `releaseFile=${join(folder, 'release.tar.gz')}`];
}

const run = (stack: string, ...changes: string[]): Promise<Seen> =>
  runProgram(stack, stackConfig(root, stack, [...buildFolder(stack, changes), ...changes]).values, { root: folder });

describe.each(STACK_SHAPES)('$title', ({ stack, changes }) => {
  let seen: Seen;
  const all = (type: string): SeenResource[] => seen.resources.filter((resource) => resource.type === type);
  const inputsOf = <T = Record<string, unknown>>(type: string): T[] => all(type).map(({ inputs }) => inputs as T);
  const aws = (): SeenResource[] => seen.resources.filter(({ type }) => type.startsWith('aws:'));
  const inAdoptedNetwork = changes.some((change) => change.startsWith('vpcId='));

  beforeAll(async () => {
    seen = await run(stack, ...changes);
  });

  it('gives every output a value, because Pulumi warns of an output without one', () => {
    expect(Object.entries(seen.outputs).filter(([, value]) => value === undefined)).toEqual([]);
  });

  it('names resources that AWS’s provider would name itself, so that an import does not replace them', () => {
    for (const { name, inputs } of [
      ...all('aws:iam/rolePolicy:RolePolicy'),
      ...all('aws:cloudwatch/eventTarget:EventTarget'),
    ])
      expect([name, inputs.name ?? inputs.targetId]).toEqual([name, name]);
  });

  it('has one AWS provider, which tags every resource', () => {
    const [provider] = all('pulumi:providers:aws');
    expect(JSON.parse(String(provider?.inputs.defaultTags))).toEqual({
      tags: {
        'communique-tee:stack': stack,
        Project: 'communique-tee',
        Environment: stack === 'prod' ? 'production' : 'development',
        ManagedBy: 'pulumi',
      },
    });
    for (const { name, provider: of } of aws())
      expect([name, of]).toEqual([name, expect.stringContaining(`communique-tee-${stack}`)]);
    for (const { tagSpecifications } of inputsOf<{
      tagSpecifications: { resourceType: string; tags: Record<string, string> }[];
    }>('aws:ec2/launchTemplate:LaunchTemplate')) {
      expect(tagSpecifications.map(({ resourceType }) => resourceType)).toEqual([
        'instance',
        'volume',
        'network-interface',
      ]);
      for (const { tags } of tagSpecifications) expect(tags['communique-tee:stack']).toBe(stack);
    }
  });

  it('names every resource after the stack, each name once per type', () => {
    const names = aws().map(({ type, name }) => `${type} ${name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { name } of aws()) expect(name.startsWith(`communique-tee-${stack}`)).toBe(true);
  });

  it('makes no network resources if it uses the operator’s own network', () => {
    const network = ['Vpc', 'Subnet', 'InternetGateway', 'NatGateway', 'Route', 'RouteTable', 'VpcEndpoint', 'FlowLog'];
    const made = network.filter((type) => seen.resources.some((resource) => resource.type.endsWith(`:${type}`)));
    if (!inAdoptedNetwork) {
      expect(made).toEqual(expect.arrayContaining(['Vpc', 'Subnet', 'FlowLog']));
      return;
    }
    expect(made).toEqual([]);
    const [group] = inputsOf('aws:autoscaling/group:Group');
    expect(group?.vpcZoneIdentifiers).toEqual(
      (changes.includes('instances=2') ? ['2', '3'] : ['0', '1']).map((end) => `subnet-0123456789abcdef${end}`),
    );
    for (const { vpcId } of inputsOf('aws:ec2/securityGroup:SecurityGroup'))
      expect(vpcId).toBe('vpc-0123456789abcdef0');
  });

  it('opens the operator’s own database to the stack’s parents, and reads its URL from the operator’s secret', () => {
    const own = changes.find((change) => change.startsWith('databaseUrlSecret='))?.split('=')[1];
    const rules = (direction: 'Ingress' | 'Egress') =>
      inputsOf<{ securityGroupId: string; referencedSecurityGroupId?: string; fromPort: number }>(
        `aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`,
      );
    const database = 'sg-0123456789abcdef0';
    const into = rules('Ingress').filter(({ securityGroupId }) => securityGroupId === database);
    const out = rules('Egress').filter(({ referencedSecurityGroupId }) => referencedSecurityGroupId === database);
    expect([into, out].map((each) => each.map(({ fromPort }) => fromPort))).toEqual(own ? [[5432], [5432]] : [[], []]);
    expect(into[0]?.referencedSecurityGroupId).toBe(out[0]?.securityGroupId);
    if (own === undefined) return;
    expect((seen.outputs.secrets as Record<string, string>)['gateway/database-url']).toBe(own);
    expect(JSON.stringify(inputsOf('aws:iam/rolePolicy:RolePolicy'))).toContain(own);
    expect(inputsOf('aws:secretsmanager/secret:Secret').map(({ name }) => name)).not.toContain(
      `communique-tee/${stack}/gateway/database-url`,
    );
  });

  it('spreads over two zones, with an S3 endpoint and flow logs', () => {
    if (inAdoptedNetwork) return;
    expect(
      new Set(
        inputsOf<{ availabilityZone: string }>('aws:ec2/subnet:Subnet').map(({ availabilityZone }) => availabilityZone),
      ),
    ).toEqual(new Set(['us-east-1a', 'us-east-1b']));
    expect(all('aws:ec2/subnet:Subnet')).toHaveLength(4);
    expect(all('aws:ec2/routeTableAssociation:RouteTableAssociation')).toHaveLength(4);
    expect(inputsOf('aws:ec2/vpcEndpoint:VpcEndpoint')).toEqual([
      expect.objectContaining({ vpcEndpointType: 'Gateway', serviceName: 'com.amazonaws.us-east-1.s3' }),
    ]);
    const [endpoint] = inputsOf<{ policy: string; routeTableIds: string[] }>('aws:ec2/vpcEndpoint:VpcEndpoint');
    expect(endpoint?.routeTableIds).toHaveLength(all('aws:ec2/routeTable:RouteTable').length);
    expect(
      (JSON.parse(String(endpoint?.policy)) as PolicyDocument).Statement.map(({ Action, Resource }) => [
        Action,
        Resource,
      ]),
    ).toEqual([
      [['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::communique-tee-${stack}-images-123456789012-us-east-1/*`],
      [['s3:GetObject'], 'arn:aws:s3:::al2023-repos-us-east-1-de612dc2/*'],
    ]);
    expect(inputsOf('aws:ec2/flowLog:FlowLog')).toEqual([expect.objectContaining({ trafficType: 'ALL' })]);
  });

  it('opens only 80 and 443 to the internet, and never 22', () => {
    const rules = inputsOf<{
      cidrIpv4?: string;
      fromPort: number;
      toPort: number;
      referencedSecurityGroupId?: string;
      ipProtocol: string;
    }>('aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule');
    const world = rules.filter(({ cidrIpv4 }) => cidrIpv4 === '0.0.0.0/0');
    expect(world.map(({ fromPort, toPort }) => [fromPort, toPort]).sort()).toEqual(
      [
        [443, 443],
        [80, 80],
      ].sort(),
    );
    for (const rule of rules) {
      expect(rule.ipProtocol).toBe('tcp');
      expect(rule.fromPort).toBe(rule.toPort);
      expect(rule.fromPort).not.toBe(22);
      expect((rule.cidrIpv4 === undefined) !== (rule.referencedSecurityGroupId === undefined)).toBe(true);
    }
    // The groups themselves contain no rules.
    for (const group of inputsOf('aws:ec2/securityGroup:SecurityGroup')) expect(group).not.toHaveProperty('ingress');
    expect(JSON.stringify(seen.resources)).not.toContain('::/0');
  });

  it('connects to the internet only on ports 443 and 80 and those of external stores', () => {
    const out = inputsOf<{ cidrIpv4?: string; fromPort: number }>(
      'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule',
    ).filter(({ cidrIpv4 }) => cidrIpv4 === '0.0.0.0/0');
    expect(out.map(({ fromPort }) => fromPort).sort((a, b) => a - b)).toEqual(
      changes.includes('redis=external') ? [80, 443, 5432, 6379] : [80, 443],
    );
  });

  it('breaks no rule (rules/*.ts), and has resources that the rules check', () => {
    expect(violationsOf(ruleResources(seen.resources))).toEqual([]);
    for (const type of [
      'aws:s3/bucketPolicy:BucketPolicy',
      'aws:kms/key:Key',
      'aws:iam/rolePolicy:RolePolicy',
      'aws:sns/topic:Topic',
      'aws:ecr/repository:Repository',
      'aws:secretsmanager/secret:Secret',
    ])
      expect([type, all(type).length > 0]).toEqual([type, true]);
    // The rules find the program's policies.
    expect(
      aws().flatMap((resource) => statementsOf({ ...resource, props: resource.inputs, providerTags: undefined }))
        .length,
    ).toBeGreaterThan(30);
    for (const redis of inputsOf<{ parameters: object[] }>('aws:elasticache/parameterGroup:ParameterGroup'))
      expect(redis.parameters).toContainEqual({ name: 'maxmemory-policy', value: 'noeviction' });
  });

  it('starts parents that can host an enclave, and whose metadata service answers only the instance', () => {
    const [template] = inputsOf('aws:ec2/launchTemplate:LaunchTemplate');
    expect(template).toMatchObject({
      enclaveOptions: { enabled: true },
      metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
      instanceType: stack === 'dev' ? 'c6g.large' : 'c6g.xlarge',
    });
    expect(template).not.toHaveProperty('keyName');
    const userData = Buffer.from(String(template?.userData), 'base64').toString();
    expect(userData).toMatch(/^#cloud-config/);
    const [group] = inputsOf('aws:autoscaling/group:Group');
    expect(group).toMatchObject({
      minSize: changes.includes('instances=2') ? 2 : 1,
      initialLifecycleHooks: [expect.objectContaining({ defaultResult: 'ABANDON' })],
    });
  });

  it('has the addresses for the House’s list', () => {
    const each = changes.includes('natPerZone=true');
    const adopted = changes.some((change) => change.startsWith('addresses='));
    const several = changes.includes('instances=2');
    expect(all('aws:ec2/eip:Eip')).toHaveLength(adopted || (inAdoptedNetwork && several) ? 0 : each ? 2 : 1);
    if (inAdoptedNetwork && several) expect(new Set(seen.outputs.addressesForTheHouse as string[]).size).toBe(2);
    if (each) {
      expect(new Set(seen.outputs.addressesForTheHouse as string[]).size).toBe(2);
      // Each private subnet has a NAT gateway in its zone.
      const routes = inputsOf<{ routeTableId: string; natGatewayId?: string }>('aws:ec2/route:Route').filter(
        ({ natGatewayId }) => natGatewayId !== undefined,
      );
      expect([
        new Set(routes.map(({ routeTableId }) => routeTableId)).size,
        new Set(routes.map(({ natGatewayId }) => natGatewayId)).size,
      ]).toEqual([2, 2]);
    }
    const [template] = inputsOf<{ networkInterfaces: { associatePublicIpAddress: string }[] }>(
      'aws:ec2/launchTemplate:LaunchTemplate',
    );
    expect(template?.networkInterfaces[0]?.associatePublicIpAddress).toBe(String(!several));
    expect(all('aws:ec2/natGateway:NatGateway')).toHaveLength(
      inAdoptedNetwork ? 0 : changes.includes('natPerZone=true') ? 2 : several ? 1 : 0,
    );
    expect(seen.outputs.addressForTheHouse).toMatch(/^192\.0\.2\./);
  });

  it('pins the image by content and version, in the store and in the parent’s rights', () => {
    const key = `images/sha384/${pcr('a')}.eif`;
    expect(inputsOf('aws:s3/bucketObjectv2:BucketObjectv2')).toContainEqual(expect.objectContaining({ key }));
    const [{ policy } = { policy: '{}' }] = inputsOf<{ role: string; policy: string }>(
      'aws:iam/rolePolicy:RolePolicy',
    ).filter(({ role }) => role === `communique-tee-${stack}-parent`);
    const { Statement } = JSON.parse(policy) as PolicyDocument;
    expect(Statement).toContainEqual(
      expect.objectContaining({
        Action: ['s3:GetObjectVersion'],
        Resource: expect.stringMatching(`/${key}$`) as unknown,
        Condition: { StringEquals: { 's3:VersionId': (seen.outputs.image as { versionId: string }).versionId } },
      }),
    );
    expect(Statement.filter(({ Action }) => [Action].flat().some((action) => action.startsWith('s3:')))).toHaveLength(
      3,
    );
  });

  it('names image and release in the tags of template and instances', () => {
    const sha256 = createHash('sha256').update(RELEASE).digest('hex');
    const [template] = inputsOf<{
      tags: Record<string, string>;
      tagSpecifications: { resourceType: string; tags: Record<string, string> }[];
      userData: string;
    }>('aws:ec2/launchTemplate:LaunchTemplate');
    for (const tags of [
      template?.tags,
      template?.tagSpecifications.find(({ resourceType }) => resourceType === 'instance')?.tags,
    ])
      expect(tags).toMatchObject({ 'communique-tee:pcr0': pcr('1'), 'communique-tee:release': sha256 });
    expect(inputsOf('aws:s3/bucketObjectv2:BucketObjectv2')).toContainEqual(
      expect.objectContaining({ key: `releases/${sha256}.tar.gz` }),
    );
    expect(seen.outputs.release).toEqual({ sha256, key: `releases/${sha256}.tar.gz`, referenceString: false });
  });

  it('counts its resources in the monthly cost', () => {
    const { items } = seen.outputs.monthlyCost as { items: { item: string; count: number }[] };
    const counted = (start: string) =>
      items.filter(({ item }) => item.startsWith(start)).reduce((sum, { count }) => sum + count, 0);
    // RDS itself makes the secret with its password.
    const made = all('aws:secretsmanager/secret:Secret').length + all('aws:rds/instance:Instance').length;
    expect({
      alarms: counted('CloudWatch alarm'),
      dashboards: counted('CloudWatch dashboard'),
      keys: counted('KMS key'),
      secrets: counted('secret'),
      gateways: counted('NAT gateway'),
      balancers: counted('Application') + counted('Network'),
    }).toEqual({
      alarms: all('aws:cloudwatch/metricAlarm:MetricAlarm').length,
      dashboards: all('aws:cloudwatch/dashboard:Dashboard').length,
      keys: all('aws:kms/key:Key').length,
      secrets: made,
      gateways: all('aws:ec2/natGateway:NatGateway').length,
      balancers: all('aws:lb/loadBalancer:LoadBalancer').length,
    });
  });

  it('lets RDS make the database’s password', () => {
    for (const database of inputsOf('aws:rds/instance:Instance')) expect(database.manageMasterUserPassword).toBe(true);
  });

  it('checks at /health/ready whether a parent takes requests', () => {
    for (const { healthCheck } of inputsOf<{ healthCheck: object }>('aws:lb/targetGroup:TargetGroup'))
      expect(healthCheck).toMatchObject({ path: '/health/ready', matcher: '200', protocol: 'HTTPS' });
    expect(all('aws:lb/targetGroup:TargetGroup')).toHaveLength(
      changes.some((change) => change.startsWith('balancer=')) ? 1 : 0,
    );
  });

  it('sets idle times so that no hop closes a connection on which the previous hop may still send a request', () => {
    const archive = Buffer.from(
      String(
        all('aws:s3/bucketObjectv2:BucketObjectv2').find(({ name }) => name.endsWith('-parent-files'))?.inputs
          .contentBase64,
      ),
      'base64',
    ).toString();
    const seconds = (line: RegExp): number => Number(line.exec(archive)?.[1]);
    const read = seconds(/^ +proxy_read_timeout (\d+)s;/m);
    const front = seconds(/^ {4}keepalive_timeout (\d+)s;/m);
    // The gateway answers within 65 s, or 90 s with agents.
    expect(read).toBeGreaterThan(changes.includes('agents=on') ? 90 : 65);
    expect(front).toBeGreaterThan(read);
    expect(seconds(/^ {8}keepalive_timeout (\d+)s;/m)).toBeLessThan(GATEWAY_KEEP_ALIVE_SECONDS);
    for (const { idleTimeout, loadBalancerType } of inputsOf('aws:lb/loadBalancer:LoadBalancer')) {
      if (loadBalancerType !== 'application') continue;
      expect(Number(idleTimeout)).toBeGreaterThan(read);
      expect(Number(idleTimeout)).toBeLessThan(front);
    }
  });

  it('writes the balancer’s access logs into their own bucket, for 30 days', () => {
    const [balancer] = inputsOf<{ accessLogs?: { enabled: boolean; bucket: string } }>(
      'aws:lb/loadBalancer:LoadBalancer',
    );
    if (balancer === undefined || changes.includes('balancerLogDays=0')) {
      expect(balancer?.accessLogs).toBeUndefined();
      expect(all('aws:s3/bucket:Bucket').filter(({ name }) => name.includes('access-logs'))).toEqual([]);
      return;
    }
    expect(balancer.accessLogs).toEqual({ enabled: true, bucket: 'communique-tee-prod-access-123456789012-us-east-1' });
    const rules = inputsOf<{ bucket: string; rules: { expiration?: { days: number } }[] }>(
      'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
    ).find(({ bucket }) => bucket === balancer.accessLogs?.bucket)?.rules;
    expect(rules?.find(({ expiration }) => expiration)?.expiration?.days).toBe(30);
    const policy = inputsOf<{ bucket: string; policy: string }>('aws:s3/bucketPolicy:BucketPolicy').find(
      ({ bucket }) => bucket === balancer.accessLogs?.bucket,
    )?.policy;
    const service = changes.includes('balancer=network')
      ? 'delivery.logs.amazonaws.com'
      : 'logdelivery.elasticloadbalancing.amazonaws.com';
    expect((JSON.parse(String(policy)) as PolicyDocument).Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: service },
        Action: ['s3:PutObject'],
        Resource: `arn:aws:s3:::${balancer.accessLogs?.bucket}/AWSLogs/123456789012/*`,
      }),
    );
  });

  it('has alarms, watches the key policies, and warns at 80 % of the budget', () => {
    const alarms = inputsOf<{ name: string; alarmActions: string[] }>('aws:cloudwatch/metricAlarm:MetricAlarm');
    for (const part of ['enclave-unhealthy', 'attestation-failing', 'queue-old', 'emergency-stop', 'parent-disk'])
      expect(alarms.map(({ name }) => name)).toContain(`communique-tee-${stack}-alarm-${part}`);
    const rule = inputsOf<{ name: string; eventPattern: string }>('aws:cloudwatch/eventRule:EventRule').find(
      ({ name }) => name.endsWith('-keys'),
    );
    expect(JSON.parse(String(rule?.eventPattern))).toMatchObject({
      detail: { eventName: expect.arrayContaining(['PutKeyPolicy']) as unknown },
    });
    expect(JSON.stringify(inputsOf('aws:budgets/budget:Budget'))).toContain('"threshold":80');
    for (const group of inputsOf('aws:cloudwatch/logGroup:LogGroup')) expect(group.retentionInDays).toBeGreaterThan(0);
  });
});

it('protects production’s data from deletion', async () => {
  const { resources } = await run('prod');
  const of = (type: string) => resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs);
  expect(of('aws:rds/instance:Instance')).toEqual([
    expect.objectContaining({
      deletionProtection: true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: expect.stringMatching(
        /^communique-tee-prod-database-final-sg-0[0-9a-f]{16}$/,
      ) as unknown,
      multiAz: true,
      backupRetentionPeriod: 35,
    }),
  ]);
  expect(of('aws:elasticache/replicationGroup:ReplicationGroup')).toEqual([
    expect.objectContaining({
      finalSnapshotIdentifier: expect.stringMatching(/^communique-tee-prod-redis-final-sg-0[0-9a-f]{16}$/) as unknown,
      automaticFailoverEnabled: true,
    }),
  ]);
  for (const bucket of of('aws:s3/bucket:Bucket')) expect(bucket.forceDestroy).toBe(false);
  expect(of('aws:kms/key:Key').filter(({ deletionWindowInDays }) => deletionWindowInDays === 30)).toHaveLength(2);
});

it('starts parents one at a time in the data volume’s zone if PostgreSQL is on the parent', async () => {
  const { resources } = await run('dev');
  const [group] = resources
    .filter(({ type }) => type === 'aws:autoscaling/group:Group')
    .map(({ inputs }) => inputs as { vpcZoneIdentifiers: string[]; instanceRefresh: { preferences: object } });
  expect(group?.vpcZoneIdentifiers).toHaveLength(1);
  expect(group?.instanceRefresh.preferences).toMatchObject({ minHealthyPercentage: 0, maxHealthyPercentage: 100 });
});

it('makes a daily snapshot of only the data volume, and keeps dataSnapshots of them', async () => {
  const { resources } = await run('dev', 'dataSnapshots=3');
  const of = <T>(type: string): T[] =>
    resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs as T);
  const [volume] = of<{ tags: Record<string, string> }>('aws:ebs/volume:Volume');
  const [policy, ...more] = of<{
    state: string;
    policyDetails: {
      targetTags: Record<string, string>;
      schedules: { createRule: object; retainRule: object; copyTags: boolean }[];
    };
  }>('aws:dlm/lifecyclePolicy:LifecyclePolicy');
  expect(more).toEqual([]);
  expect(policy).toMatchObject({
    state: 'ENABLED',
    policyDetails: {
      schedules: [
        {
          createRule: { interval: 24, intervalUnit: 'HOURS', times: '08:00' },
          retainRule: { count: 3 },
          copyTags: true,
        },
      ],
    },
  });
  // Disks of instances have the stack's tags too, but must not match the policy's target tags.
  const [template] = of<{ tagSpecifications: { resourceType: string; tags: Record<string, string> }[] }>(
    'aws:ec2/launchTemplate:LaunchTemplate',
  );
  for (const [tag, value] of Object.entries(policy?.policyDetails.targetTags ?? {})) {
    expect(volume?.tags[tag]).toBe(value);
    for (const { tags } of template?.tagSpecifications ?? []) expect(tags[tag]).not.toBe(value);
  }
  expect((await run('staging')).resources.filter(({ type }) => type.startsWith('aws:dlm/'))).toEqual([]);
});

it.each([
  ['none', true],
  ['application', false],
])('keeps nginx’s certificate in a secret only without a balancer: balancer %s', async (balancer, kept) => {
  const { resources } = await run('staging', `balancer=${balancer}`, 'hostedZone=example.org');
  const secrets = resources.flatMap(({ type, inputs }) =>
    type === 'aws:secretsmanager/secret:Secret' ? [String(inputs['name'])] : [],
  );
  const policies = JSON.stringify(resources.filter(({ type }) => type === 'aws:iam/rolePolicy:RolePolicy'));
  expect([secrets.includes('communique-tee/staging/parent/certificate'), policies.includes('PutSecretValue')]).toEqual([
    kept,
    kept,
  ]);
});

it('opens the metadata service to the gateway only if the enclave uses KMS, and gives the gateway the enclave’s secrets', async () => {
  const archiveOf = async (...hosts: string[]): Promise<string> => {
    const changes = buildFolder('dev');
    const file = join(folder, 'measurements.json');
    const measured = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(
      file,
      JSON.stringify({
        ...measured,
        routes: hosts.map((host, index) => ({ host, port: 443, vsockPort: 8001 + index })),
      }),
    );
    const { resources } = await runProgram('dev', stackConfig(root, 'dev', changes).values, { root });
    return Buffer.from(
      String(
        resources.find(({ name }) => name.endsWith('-parent-files') && name.startsWith('communique'))?.inputs
          .contentBase64 ?? resources.find(({ inputs }) => inputs.contentBase64 !== undefined)?.inputs.contentBase64,
      ),
      'base64',
    ).toString();
  };
  const [withKms, without] = [
    await archiveOf('uat-cwc.house.gov', 'kms.us-east-1.amazonaws.com'),
    await archiveOf('uat-cwc.house.gov'),
  ];
  const denied = (archive: string) =>
    [...archive.matchAll(/^IPAddressDeny=(.*)$/gm)].filter(([, addresses]) => addresses === 'fd00:ec2::254/128').length;
  expect([denied(withKms), denied(without)]).toEqual([1, 0]);
  expect(withKms).toContain('"host": "kms.us-east-1.amazonaws.com"');
  expect(withKms).toContain('communique-egress@8002.service');
  for (const line of [
    'ENCLAVE_SECRETS_FILE="/run/communique-enclave-secrets/secrets.json"',
    '"cwc-house": "arn:aws:secretsmanager:us-east-1:',
  ])
    expect(withKms).toContain(line);
});

it('outputs PCR3 of its role and a policy with the operator’s name, and its gateway expects this operator', async () => {
  const { outputs, resources } = await run('prod', `acceptedPcr0=${pcr('4')}`, 'operatorName=Example Union');
  const role = resources.find(({ type, name }) => type === 'aws:iam/role:Role' && name.endsWith('-parent'));
  const roleArn = `arn:aws:iam::123456789012:role/${String(role?.inputs.name)}`;
  const pcr3 = createHash('sha384').update(Buffer.alloc(48)).update(roleArn).digest('hex');
  const { origin } = new URL(String(outputs.url));
  expect(outputs.operator).toEqual({ name: 'Example Union', origin, roleArn, pcr3 });
  expect(outputs.policy).toEqual({
    operator: { name: 'Example Union', origin },
    acceptedMeasurements: [
      { pcr0: pcr('1'), pcr3 },
      { pcr0: pcr('4'), pcr3 },
    ],
  });
  const files = resources.find(({ type, name }) => type.endsWith(':BucketObjectv2') && name.endsWith('-parent-files'));
  expect(Buffer.from(String(files?.inputs.contentBase64), 'base64').toString()).toContain(
    `TEE_EXPECTED_OPERATOR="sha384:${pcr3}"`,
  );
});

it('renders a parent with the name of a secret that RDS makes', () => {
  const { database } = MANAGED;
  if (database.at !== 'managed') throw new Error('the example has a managed database');
  const secretArn =
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-11111111-2222-3333-4444-555555555555-AbCdEf';
  expect(() => renderParentFiles({ ...MANAGED, database: { ...database, secretArn } })).not.toThrow();
});

// report-attested completes this hook. If the hook is not completed, the group ends the new instance after half an hour.
it('gives report-attested on the parent the group’s hook and its time limit', async () => {
  const { resources } = await run('dev');
  const files = resources.find(({ type, name }) => type.endsWith(':BucketObjectv2') && name.endsWith('-parent-files'))
    ?.inputs.contentBase64;
  const [group] = resources
    .filter(({ type }) => type === 'aws:autoscaling/group:Group')
    .map(
      ({ inputs }) => inputs as { name: string; initialLifecycleHooks: { name: string; heartbeatTimeout: number }[] },
    );
  const [hook] = group?.initialLifecycleHooks ?? [];
  const archive = Buffer.from(String(files), 'base64').toString();
  expect(archive).toContain('complete-lifecycle-action');
  for (const line of [
    `AUTO_SCALING_GROUP="${String(group?.name)}"`,
    `LAUNCH_HOOK="${String(hook?.name)}"`,
    `LAUNCH_LIMIT_SECONDS="${String(Number(hook?.heartbeatTimeout) - 120)}"`,
  ])
    expect(archive).toContain(line);
});

// `pulumi up` does not add the hook to an existing group.
it('has the same launch hook as the command in docs/operator/disaster-recovery.md', async () => {
  const [commands = ''] = commandsBelow('docs/operator/disaster-recovery.md', 'The launch hook of a group that exists');
  const words = commands.split('put-lifecycle-hook')[1]?.split(/[\s\\]+/) ?? [];
  const given = (option: string): string | undefined => words[words.indexOf(`--${option}`) + 1];
  const [group] = (await run('prod')).resources.filter(({ type }) => type === 'aws:autoscaling/group:Group');
  expect(group?.inputs).toMatchObject({
    name: given('auto-scaling-group-name'),
    initialLifecycleHooks: [
      {
        name: given('lifecycle-hook-name'),
        lifecycleTransition: given('lifecycle-transition'),
        heartbeatTimeout: Number(given('heartbeat-timeout')),
        defaultResult: given('default-result'),
      },
    ],
  });
});

describe('a resource that AWS made again, with another address', () => {
  const userDataOf = ({ resources }: Seen): unknown =>
    resources.find(({ type }) => type === 'aws:ec2/launchTemplate:LaunchTemplate')?.inputs.userData;
  const valuesOf = (stack: string) => stackConfig(root, stack, buildFolder(stack)).values;
  const before: Record<string, unknown> = {};
  beforeAll(async () => {
    for (const stack of ['dev', 'prod']) before[stack] = userDataOf(await run(stack));
  });

  const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:again-AbCdEf';
  it.each<[string, string, Record<string, unknown>]>([
    ['prod', 'aws:rds/instance:Instance', { address: 'again.rds.amazonaws.com' }],
    ['prod', 'aws:rds/instance:Instance', { masterUserSecrets: [{ secretArn }] }],
    [
      'prod',
      'aws:elasticache/replicationGroup:ReplicationGroup',
      { primaryEndpointAddress: 'again.cache.amazonaws.com' },
    ],
    ['prod', 'aws:secretsmanager/secret:Secret', { arn: secretArn }],
    ['dev', 'aws:ec2/eip:Eip', { allocationId: 'eipalloc-0ffffffffffffffff' }],
    ['dev', 'aws:s3/bucketObjectv2:BucketObjectv2', { versionId: 'again' }],
  ])('replaces the parents: %s, %s %j', async (stack, type, again) => {
    class MadeAgain extends MockAws {
      override newResource(made: Parameters<MockAws['newResource']>[0]) {
        const { id, state } = super.newResource(made);
        return { id, state: made.type === type ? { ...state, ...again } : state };
      }
    }
    const after = await runProgram(stack, valuesOf(stack), { root }, MadeAgain);
    expect(userDataOf(after)).not.toBe(before[stack]);
    // Secrets that the program writes contain no address, because they are written again only with another version.
    const versions = after.resources.filter(({ type: of }) => of === 'aws:secretsmanager/secretVersion:SecretVersion');
    expect(JSON.stringify(versions.map(({ inputs }) => inputs.secretStringWo))).not.toMatch(/amazonaws|:\/\//);
  });
});

it('replaces the parents if anything that is installed on them changes', async () => {
  const userDataOf = async (...changes: string[]): Promise<unknown> =>
    (await run('dev', ...changes)).resources.find(({ type }) => type === 'aws:ec2/launchTemplate:LaunchTemplate')
      ?.inputs.userData;
  const before = await userDataOf();
  expect(await userDataOf()).toBe(before);
  expect(await userDataOf('enclaveMemoryMiB=1026')).not.toBe(before);
});
