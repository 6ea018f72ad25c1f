import { RUN_ON_ENGINE } from '../keys/run-on-engine';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { RealEngine } from '../testing/real-engine';

const VPC = 'vpc-0123456789abcdef0';
const SUBNETS = [0, 1, 2, 3].map((index) => `subnet-0123456789abcde0${String(index)}`);
const SECRET_WITH_URL = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:database-url-AbCdEf';
const DATABASE = 'sg-0123456789abcdef0';

/** Tests that creating, changing and destroying the stack leaves the operator's own resources unchanged. */
describeWithPulumi('staging in a network of the operator’s, with a database of the operator’s', (cli) => {
  let engine: RealEngine;
  beforeAll(async () => {
    engine = await RealEngine.start(cli);
    const had = (type: string, id: string) => {
      engine.world.put({ type, id, inputs: {}, outputs: {} });
    };
    had('aws:ec2/vpc:Vpc', VPC);
    for (const subnet of SUBNETS) had('aws:ec2/subnet:Subnet', subnet);
    had('aws:ec2/securityGroup:SecurityGroup', DATABASE);
    await engine.createStack('staging', {
      vpcId: VPC,
      publicSubnets: SUBNETS.slice(0, 2),
      privateSubnets: SUBNETS.slice(2),
      database: 'external',
      databaseUrlSecret: SECRET_WITH_URL,
      databaseSecurityGroup: DATABASE,
    });
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  const idsOf = (type: string): string[] => engine.world.ofType(type).map(({ id }) => id);
  const rulesOfTheDatabase = () =>
    engine.world
      .ofType('aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule')
      .filter(({ inputs }) => inputs['securityGroupId'] === DATABASE);

  it('is created without a network of its own, and opens the database to the stack’s parents', async () => {
    await engine.up('staging');
    expect(idsOf('aws:ec2/vpc:Vpc')).toEqual([VPC]);
    expect(idsOf('aws:ec2/subnet:Subnet').sort()).toEqual(SUBNETS);
    expect(idsOf('aws:ec2/internetGateway:InternetGateway')).toEqual([]);
    expect(rulesOfTheDatabase()).toHaveLength(1);
    await engine.up('staging', '--expect-no-changes');
  });

  const ownUrl = (): unknown[] =>
    engine.world
      .ofType('aws:secretsmanager/secret:Secret')
      .map(({ inputs }) => inputs['name'])
      .filter((name) => String(name).endsWith('/gateway/database-url'));
  const portsOut = (): unknown[] =>
    engine.world
      .ofType('aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule')
      .map(({ inputs }) => inputs['toPort']);

  it('changes to two parents, which use the operator’s NAT gateways, and to another database port, and back', async () => {
    expect(ownUrl()).toEqual([]);
    engine.configure('staging', {
      instances: 2,
      balancer: 'application',
      databaseUrlSecret: undefined,
      databaseSecurityGroup: undefined,
      externalPorts: ['5433'],
    });
    await engine.up('staging');
    expect(idsOf('aws:ec2/natGateway:NatGateway')).toEqual([]);
    expect(idsOf('aws:ec2/eip:Eip')).toEqual([]);
    expect([rulesOfTheDatabase(), ownUrl().length]).toEqual([[], 1]);
    expect(portsOut()).toContain(5433);
    engine.configure('staging', {
      instances: undefined,
      balancer: undefined,
      databaseUrlSecret: SECRET_WITH_URL,
      databaseSecurityGroup: DATABASE,
      externalPorts: undefined,
    });
    await engine.up('staging');
    expect(idsOf('aws:ec2/eip:Eip')).toHaveLength(1);
    expect([rulesOfTheDatabase().length, ownUrl()]).toEqual([1, []]);
    expect(portsOut()).not.toContain(5433);
    expect(engine.changedKeys).toEqual(RUN_ON_ENGINE['adopted-network']);
  });

  it('keeps the operator’s own resources when the stack is destroyed', async () => {
    await engine.destroy('staging');
    expect(engine.world.all.map(({ id }) => id).sort()).toEqual([DATABASE, ...SUBNETS, VPC].sort());
  });
});
