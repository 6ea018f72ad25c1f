import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { EXTREME_SHAPES, STACK_SHAPES, type StackShape } from '../stack-shapes';
import { notBuilt } from '../config/stand-ins';
import { runProgram } from '../preview/run-program';
import { stackConfig } from '../preview/stack-config';
import { IMPORT_IDS } from './import-ids';
import { runImportFile } from './run-import-file';

const root = workspaceRoot();
const folder = mkdtempSync(join(tmpdir(), 'communique-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ACCOUNT = '111122223333';
const REGION = 'us-east-1';

interface Entry {
  type: string;
  name: string;
  id?: string;
  component?: boolean;
  parent?: string;
}
interface Tagged {
  ResourceARN: string;
  Tags: { Key: string; Value: string }[];
}

/** For each type of resource that AWS finds by tags, the ARN after `arn:aws:`. */
const KINDS: Readonly<Record<string, (id: string) => string>> = {
  'aws:ec2/vpc:Vpc': (id) => `ec2:${REGION}:${ACCOUNT}:vpc/vpc-${id}`,
  'aws:ec2/subnet:Subnet': (id) => `ec2:${REGION}:${ACCOUNT}:subnet/subnet-${id}`,
  'aws:ec2/internetGateway:InternetGateway': (id) => `ec2:${REGION}:${ACCOUNT}:internet-gateway/igw-${id}`,
  'aws:ec2/natGateway:NatGateway': (id) => `ec2:${REGION}:${ACCOUNT}:natgateway/nat-${id}`,
  'aws:ec2/routeTable:RouteTable': (id) => `ec2:${REGION}:${ACCOUNT}:route-table/rtb-${id}`,
  'aws:ec2/vpcEndpoint:VpcEndpoint': (id) => `ec2:${REGION}:${ACCOUNT}:vpc-endpoint/vpce-${id}`,
  'aws:ec2/flowLog:FlowLog': (id) => `ec2:${REGION}:${ACCOUNT}:vpc-flow-log/fl-${id}`,
  'aws:ec2/eip:Eip': (id) => `ec2:${REGION}:${ACCOUNT}:elastic-ip/eipalloc-${id}`,
  'aws:ec2/launchTemplate:LaunchTemplate': (id) => `ec2:${REGION}:${ACCOUNT}:launch-template/lt-${id}`,
  'aws:ec2/securityGroup:SecurityGroup': (id) => `ec2:${REGION}:${ACCOUNT}:security-group/sg-${id}`,
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': (id) =>
    `ec2:${REGION}:${ACCOUNT}:security-group-rule/sgr-${id}`,
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': (id) =>
    `ec2:${REGION}:${ACCOUNT}:security-group-rule/sgr-${id}`,
  'aws:ebs/volume:Volume': (id) => `ec2:${REGION}:${ACCOUNT}:volume/vol-${id}`,
  'aws:dlm/lifecyclePolicy:LifecyclePolicy': (id) => `dlm:${REGION}:${ACCOUNT}:policy/policy-${id}`,
  'aws:kms/key:Key': (id) => `kms:${REGION}:${ACCOUNT}:key/${id}`,
  'aws:secretsmanager/secret:Secret': (id) => `secretsmanager:${REGION}:${ACCOUNT}:secret:secret-${id}`,
  'aws:lb/loadBalancer:LoadBalancer': (id) => `elasticloadbalancing:${REGION}:${ACCOUNT}:loadbalancer/app/x/${id}`,
  'aws:lb/targetGroup:TargetGroup': (id) => `elasticloadbalancing:${REGION}:${ACCOUNT}:targetgroup/x/${id}`,
  'aws:lb/listener:Listener': (id) => `elasticloadbalancing:${REGION}:${ACCOUNT}:listener/app/x/y/${id}`,
  'aws:acm/certificate:Certificate': (id) => `acm:${REGION}:${ACCOUNT}:certificate/${id}`,
  'aws:cloudfront/distribution:Distribution': (id) => `cloudfront::${ACCOUNT}:distribution/E${id}`,
};

/** A stack's tagged resources at AWS, and the file that `pulumi preview --import-file` writes for this stack. */
async function lostState({ stack, changes, named = stack }: StackShape) {
  const { values } = stackConfig(root, stack, changes);
  const { resources } = await runProgram(named, values, { root, standIn: notBuilt });
  const tagged = resources.flatMap(({ type, name, inputs }, index): Tagged[] => {
    const arn = KINDS[type]?.(`0${String(index)}`);
    const tag = (inputs['tags'] as { Name?: string } | undefined)?.Name;
    if (arn === undefined) return [];
    if (tag === undefined) throw new Error(`${type} ${name} has no Name tag`);
    return [{ ResourceARN: `arn:aws:${arn}`, Tags: [{ Key: 'Name', Value: tag.replaceAll('123456789012', ACCOUNT) }] }];
  });
  const entries: Entry[] = resources.map(({ type, name }) =>
    type.startsWith('aws:')
      ? { type, name, id: '<PLACEHOLDER>', parent: 'of-the-file' }
      : { type, name, component: true },
  );
  return { tagged, entries, resources };
}

const answers =
  (tagged: readonly Tagged[], asked: string[] = []) =>
  (args: readonly string[]): Promise<unknown> => {
    asked.push(args.join(' '));
    const [service, action] = args;
    switch (`${String(service)} ${String(action)}`) {
      case 'sts get-caller-identity':
        return Promise.resolve({ Account: ACCOUNT });
      case 'resourcegroupstaggingapi get-resources':
        return Promise.resolve({ ResourceTagMappingList: tagged });
      case 'secretsmanager describe-secret':
        return Promise.resolve({ VersionIdsToStages: { old: ['AWSPREVIOUS'], 'version-now': ['AWSCURRENT'] } });
      case 'rds describe-db-instances':
        return Promise.resolve({ DBInstances: [{ MasterUserSecret: { SecretArn: 'arn:aws:secretsmanager:rds' } }] });
      case 'route53 list-hosted-zones-by-name':
        return Promise.resolve({
          HostedZones: [
            { Id: '/hostedzone/ZPRIVATE', Name: 'communique.example.org.', Config: { PrivateZone: true } },
            { Id: '/hostedzone/ZPUBLIC', Name: 'communique.example.org.', Config: { PrivateZone: false } },
            { Id: '/hostedzone/ZOTHER', Name: 'other.example.org.' },
          ],
        });
      case 'acm describe-certificate':
        return Promise.resolve({
          Certificate: {
            DomainValidationOptions: [{ ResourceRecord: { Name: '_x.communique.example.org.', Type: 'CNAME' } }],
          },
        });
      case 'cloudfront list-origin-access-controls':
        return Promise.resolve({
          OriginAccessControlList: { Items: [{ Id: 'EOAC', Name: 'communique-tee-prod-residence' }] },
        });
      case 'cloudfront list-response-headers-policies':
        return Promise.resolve({
          ResponseHeadersPolicyList: {
            Items: [
              {
                ResponseHeadersPolicy: {
                  Id: 'rhp',
                  ResponseHeadersPolicyConfig: { Name: 'communique-tee-prod-residence' },
                },
              },
            ],
          },
        });
      case 'sns list-subscriptions-by-topic':
        return Promise.resolve({
          Subscriptions: [{ SubscriptionArn: 'PendingConfirmation', Endpoint: 'operator@example.org' }],
        });
      default:
        return Promise.reject(new Error(`aws ${args.join(' ')}: no answer`));
    }
  };

async function fill(
  { stack, changes }: StackShape,
  entries: readonly Entry[],
  ask: (args: readonly string[]) => Promise<unknown>,
  names?: string,
) {
  const [input, output] = [join(folder, 'import.json'), join(folder, 'filled.json')];
  rmSync(output, { force: true });
  writeFileSync(input, JSON.stringify({ nameTable: { 'of-the-file': 'urn' }, resources: entries }));
  let [out, err] = ['', ''];
  const code = await runImportFile(
    { stack, config: changes, input, output, names },
    { out: (text) => void (out += text), err: (text) => void (err += text) },
    root,
    ask,
  );
  const file = (): { nameTable: unknown; resources: Entry[] } =>
    JSON.parse(readFileSync(output, 'utf8')) as { nameTable: unknown; resources: Entry[] };
  return { code, out, err, file };
}

const shapeOf = (title: string): StackShape => {
  const shape = [...STACK_SHAPES, ...EXTREME_SHAPES].find((each) => each.title === title);
  if (shape === undefined) throw new Error(`there is no shape ${title}`);
  return shape;
};

describe.each(['dev', 'prod with all options', 'prod with external stores'])('the import file of %s', (title) => {
  const shape = shapeOf(title);
  let entries: Entry[] = [];
  let found: Awaited<ReturnType<typeof fill>>;

  beforeAll(async () => {
    const lost = await lostState(shape);
    ({ entries } = lost);
    found = await fill(shape, entries, answers(lost.tagged));
  });

  it('has an id for every resource that can be imported', () => {
    expect(found.err.split('\n')[0]).toMatch(/^$|cannot/);
    expect([found.code, found.out.includes('Decide about these')]).toEqual([0, false]);
    const left = entries.filter(
      ({ type, name }) => !found.file().resources.some((e) => e.type === type && e.name === name),
    );
    expect(
      left.filter(
        ({ type, name }) =>
          type !== 'aws:acm/certificateValidation:CertificateValidation' &&
          type !== 'aws:sns/topicSubscription:TopicSubscription' &&
          !name.endsWith('-parent-files'),
      ),
    ).toEqual([]);
    for (const { type, id = '' } of found.file().resources.filter((entry) => entry.type.startsWith('aws:')))
      expect([type, id]).toEqual([type, expect.not.stringMatching(/PLACEHOLDER|123456789012|undefined|^$/)]);
  });

  it('has a different id for each resource of a type, and changes nothing else in the file', () => {
    const ids = found.file().resources.flatMap(({ type, id }) => (id === undefined ? [] : [`${type} ${id}`]));
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(found.file().nameTable).toEqual({ 'of-the-file': 'urn' });
    expect(found.file().resources.filter(({ component }) => component === true)).toEqual(
      entries.filter(({ component }) => component === true),
    );
  });
});

it('writes ids in the forms that AWS’s provider documents', async () => {
  const shape = shapeOf('prod with all options');
  const { tagged, entries } = await lostState(shape);
  const { file } = await fill(shape, entries, answers(tagged));
  const ids = (type: string): string[] =>
    file()
      .resources.filter((entry) => entry.type === type)
      .map(({ id = '' }) => id);
  const bucket = `communique-tee-prod-images-${ACCOUNT}-us-east-1`;
  expect(ids('aws:ec2/routeTableAssociation:RouteTableAssociation')[0]).toMatch(/^subnet-\d+\/rtb-\d+$/);
  expect(ids('aws:ec2/route:Route')[0]).toMatch(/^rtb-\d+_0\.0\.0\.0\/0$/);
  expect(ids('aws:ec2/eip:Eip')[0]).toMatch(/^eipalloc-\d+$/);
  expect(ids('aws:iam/rolePolicy:RolePolicy')).toContain(
    'communique-tee-prod-parent:communique-tee-prod-parent-permissions',
  );
  expect(ids('aws:s3/bucket:Bucket')).toContain(bucket);
  expect(ids('aws:s3/bucketObjectv2:BucketObjectv2')[0]).toMatch(new RegExp(`^${bucket}/`));
  expect(ids('aws:secretsmanager/secretVersion:SecretVersion')[0]).toMatch(/^arn:aws:secretsmanager:.*\|version-now$/);
  expect(ids('aws:secretsmanager/secretRotation:SecretRotation')).toEqual(['arn:aws:secretsmanager:rds']);
  expect(ids('aws:route53/record:Record').sort()).toEqual([
    'ZPUBLIC__x.communique.example.org_CNAME',
    'ZPUBLIC_communique.example.org_A',
  ]);
  expect(ids('aws:cloudwatch/eventTarget:EventTarget')).toContain(
    'communique-tee-prod-watch-keys/communique-tee-prod-watch-keys',
  );
  expect(ids('aws:cloudwatch/logMetricFilter:LogMetricFilter')).toContain(
    '/communique-tee/prod/parent:communique-tee-prod-counted-launch-failures',
  );
  expect(ids('aws:budgets/budget:Budget')).toEqual([`${ACCOUNT}:communique-tee-prod-budget`]);
  expect(ids('aws:cloudtrail/trail:Trail')).toEqual([
    `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/communique-tee-prod-audit`,
  ]);
  expect(ids('aws:sns/topic:Topic')).toEqual([`arn:aws:sns:us-east-1:${ACCOUNT}:communique-tee-prod-alarms`]);
  expect(ids('aws:cloudfront/originAccessControl:OriginAccessControl')).toEqual(['EOAC']);
});

it('has a row in IMPORT_IDS for every type of resource that the program makes', async () => {
  const { resources } = await lostState(shapeOf('prod with all options'));
  const types = new Set(resources.map(({ type }) => type).filter((type) => type.startsWith('aws:')));
  expect([...types].filter((type) => IMPORT_IDS[type] === undefined)).toEqual([]);
});

describe('import-file', () => {
  const shape = shapeOf('dev');

  it('reports a resource that AWS lacks as not imported, and asks for a decision if AWS has it twice', async () => {
    const { tagged, entries } = await lostState(shape);
    const isVpc = ({ ResourceARN: arn }: Tagged): boolean => arn.includes(':vpc/');
    const without = await fill(shape, entries, answers(tagged.filter((each) => !isVpc(each))));
    expect(without.code).toBe(0);
    expect(without.out).toMatch(/Not imported[^]*aws:ec2\/vpc:Vpc communique-tee-dev-network: AWS has no ec2:vpc/);
    const twice = tagged.filter(isVpc).map((each) => ({ ...each, ResourceARN: `${each.ResourceARN}9` }));
    const both = await fill(shape, entries, answers([...tagged, ...twice]));
    expect(both.code).toBe(1);
    expect(both.out).toMatch(/Decide about these[^]*several ec2:vpc with the tag Name=communique-tee-dev-network/);
  });

  it('prints AWS’s refusal as the last line, and sends no request twice', async () => {
    const { tagged, entries } = await lostState(shape);
    const asked: string[] = [];
    await fill(shape, entries, answers(tagged, asked));
    expect(asked.filter((question, index) => asked.indexOf(question) !== index)).toEqual([]);
    expect(asked.find((question) => question.startsWith('resourcegroupstaggingapi'))).toBe(
      'resourcegroupstaggingapi get-resources --region us-east-1 --tag-filters Key=communique-tee:stack,Values=dev',
    );
    const refused = await fill(shape, entries, (args) =>
      Promise.reject(new Error(`aws ${args.slice(0, 2).join(' ')}: AccessDenied`)),
    );
    expect([refused.code, refused.err.split('\n').at(-2)]).toEqual([1, 'aws sts get-caller-identity: AccessDenied']);
  });

  it('imports only the resources in a list of URNs', async () => {
    const { tagged, entries } = await lostState(shape);
    const names = join(folder, 'names.txt');
    writeFileSync(
      names,
      'urn:pulumi:dev::communique-tee::communique-tee:index:Network$aws:ec2/vpc:Vpc::communique-tee-dev-network\n',
    );
    const { code, file } = await fill(shape, entries, answers(tagged), names);
    expect([
      code,
      file()
        .resources.filter(({ id }) => id !== undefined)
        .map(({ type }) => type),
    ]).toEqual([0, ['aws:ec2/vpc:Vpc']]);
  });

  it('exits with 2 if the file is missing or of another kind, or if the stack is unknown', async () => {
    expect(await fill(shape, [], answers([]))).toMatchObject({ code: 0 });
    expect(await fill({ ...shape, stack: 'none' as 'dev' }, [], answers([]))).toMatchObject({ code: 2 });
    const streams = { out: () => undefined, err: () => undefined };
    const file = join(folder, 'other.json');
    writeFileSync(file, '[]');
    const options = { stack: 'dev', config: [], input: file, output: join(folder, 'never.json') };
    expect(await runImportFile(options, streams, root, answers([]))).toBe(2);
    expect(await runImportFile({ ...options, input: join(folder, 'none') }, streams, root, answers([]))).toBe(2);
  });
});
