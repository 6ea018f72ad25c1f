import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DeleteRouteCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
} from '@aws-sdk/client-ec2';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describeWithJudge, JUDGES } from '@communique-tee/testing/judges';
import type { Ports } from '../preflight/ports';
import { lines, look, programs, realPreview } from '../preflight/testing/look';
import { MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';

interface Network {
  readonly vpcId: string;
  readonly publicSubnets: readonly string[];
  readonly privateSubnets: readonly string[];
  readonly publicTable: string;
}

/** Tests preflight's checks of resources that the operator made: a VPC, and a secret with a database's URL. */
describeWithJudge(JUDGES.moto, 'the operator’s own resources, against moto', (installed) => {
  let moto: Moto;
  let ec2: EC2Client;
  let secrets: SecretsManagerClient;

  beforeAll(async () => {
    moto = await startMoto(installed);
    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    ec2 = new EC2Client(config);
    secrets = new SecretsManagerClient(config);
  }, 180_000);
  afterAll(() => moto[Symbol.asyncDispose]());
  beforeEach(() => moto.reset());

  /** @param bits length of a subnet's host part */
  async function createNetwork({ bits = 8, secondZone = 'us-east-1b' } = {}): Promise<Network> {
    const { Vpc: vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.60.0.0/16' }));
    const vpcId = vpc?.VpcId ?? '';
    const subnet = async (third: number, zone: string): Promise<string> => {
      const { Subnet: made } = await ec2.send(
        new CreateSubnetCommand({
          VpcId: vpcId,
          CidrBlock: `10.60.${String(third)}.0/${String(32 - bits)}`,
          AvailabilityZone: zone,
        }),
      );
      return made?.SubnetId ?? '';
    };
    const publicSubnets = [await subnet(0, 'us-east-1a'), await subnet(1, 'us-east-1b')];
    const privateSubnets = [await subnet(2, 'us-east-1a'), await subnet(3, secondZone)];
    const { InternetGateway: gateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    const gatewayId = gateway?.InternetGatewayId;
    await ec2.send(new AttachInternetGatewayCommand({ VpcId: vpcId, InternetGatewayId: gatewayId }));
    const { RouteTable: table } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId }));
    const publicTable = table?.RouteTableId ?? '';
    await ec2.send(
      new CreateRouteCommand({ RouteTableId: publicTable, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gatewayId }),
    );
    for (const SubnetId of publicSubnets)
      await ec2.send(new AssociateRouteTableCommand({ RouteTableId: publicTable, SubnetId }));
    return { vpcId, publicSubnets, privateSubnets, publicTable };
  }

  /** Makes a NAT gateway and, in the VPC's main route table, the private subnets' route to it. @returns the gateway's id */
  async function createNat({ vpcId, publicSubnets }: Network, kind: 'public' | 'private'): Promise<string> {
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    const { NatGateway: nat } = await ec2.send(
      new CreateNatGatewayCommand({
        SubnetId: publicSubnets[0],
        ConnectivityType: kind,
        ...(kind === 'public' && { AllocationId }),
      }),
    );
    const { RouteTables: [main] = [] } = await ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [
          { Name: 'vpc-id', Values: [vpcId] },
          { Name: 'association.main', Values: ['true'] },
        ],
      }),
    );
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId: main?.RouteTableId,
        DestinationCidrBlock: '0.0.0.0/0',
        NatGatewayId: nat?.NatGatewayId,
      }),
    );
    return nat?.NatGatewayId ?? '';
  }

  const said = async (check: string, { vpcId, publicSubnets, privateSubnets }: Network, ...more: string[]) => {
    const preview = await realPreview(
      `vpcId=${vpcId}`,
      `publicSubnets=${publicSubnets.join(',')}`,
      `privateSubnets=${privateSubnets.join(',')}`,
      ...more,
    );
    const runProgram: Ports['runProgram'] = async (command, args) =>
      command === process.execPath ? { code: 0, stdout: preview, stderr: '' } : programs(command, args);
    return lines(
      await look(check, { ports: { runProgram, aws: { endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS } } }),
    );
  };
  const SEVERAL = ['instances=2', 'balancer=application'];
  const NETWORK = 'with two public and two private subnets';

  it('network: passes with routes and DNS, and fails without them', async () => {
    const network = await createNetwork();
    const { vpcId, publicTable, publicSubnets } = network;
    expect(await said('network', network)).toEqual([`pass: ${vpcId} ${NETWORK}`]);
    await ec2.send(new CreateVpcEndpointCommand({ VpcId: vpcId, ServiceName: 'com.amazonaws.us-east-1.s3' }));
    expect(await said('network', network)).toEqual([`pass: ${vpcId} ${NETWORK}, and endpoints for s3`]);

    await ec2.send(new DeleteRouteCommand({ RouteTableId: publicTable, DestinationCidrBlock: '0.0.0.0/0' }));
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId: vpcId, EnableDnsSupport: { Value: false } }));
    expect(await said('network', network)).toEqual([
      `fail: DNS support of ${vpcId} is off, and parents find AWS and Congress by name`,
      ...publicSubnets.map((id) => `fail: publicSubnets ${id} has no route for 0.0.0.0/0 to an internet gateway`),
    ]);
  });

  it('network: fails for several parents without a NAT gateway that has a public address', async () => {
    const network = await createNetwork();
    expect(await said('network', network, ...SEVERAL)).toEqual(
      network.privateSubnets.map(
        (id) => `fail: privateSubnets ${id} has no route for 0.0.0.0/0 to a NAT gateway, which several parents need`,
      ),
    );
    await createNat(network, 'public');
    expect(await said('network', network, ...SEVERAL)).toEqual([`pass: ${network.vpcId} ${NETWORK}`]);

    const other = await createNetwork();
    const nat = await createNat(other, 'private');
    expect(await said('network', other, ...SEVERAL)).toEqual(
      other.privateSubnets.map(
        (id) => `fail: privateSubnets ${id} goes out by ${nat}, which is available and has no public address`,
      ),
    );
  });

  it('network: fails if a subnet is in another zone than the zone at its place in availabilityZones, or in another VPC', async () => {
    const network = await createNetwork({ secondZone: 'us-east-1c' });
    expect(await said('network', network)).toEqual([
      `fail: privateSubnets ${network.privateSubnets[1] ?? ''} is in us-east-1c, and its place in the list is that of us-east-1b`,
    ]);
    const other = await createNetwork();
    expect(await said('network', { ...other, vpcId: network.vpcId })).toContain(
      `fail: publicSubnets ${other.publicSubnets[0] ?? ''} is in ${other.vpcId}, not in ${network.vpcId}`,
    );
    expect(await said('network', { ...other, vpcId: 'vpc-0123456789abcdef0' })).toEqual([
      'fail: not everything of vpcId, publicSubnets, privateSubnets and databaseSecurityGroup is in this account and region (InvalidVpcID.NotFound)',
    ]);
  });

  it('network: fails if a subnet has too few addresses for the parents, and warns if it may have too few', async () => {
    // Each subnet has 16 addresses, of which AWS keeps five.
    const network = await createNetwork({ bits: 4 });
    await createNat(network, 'public');
    expect(await said('network', network, ...SEVERAL)).toEqual([`pass: ${network.vpcId} ${NETWORK}`]);
    expect(await said('network', network, 'instances=4', 'balancer=application')).toEqual([
      ...network.privateSubnets.map(
        (id) =>
          `warn: privateSubnets ${id} has 11 free addresses; parents, balancer and stores take 12 if none of them is made yet`,
      ),
      `pass: ${network.vpcId} ${NETWORK}`,
    ]);
    expect(await said('network', network, 'instances=8', 'balancer=application')).toEqual(
      network.privateSubnets.map((id) => `fail: privateSubnets ${id} has 11 free addresses, and parents take up to 16`),
    );
  });

  it('network: fails if the database’s security group is in another VPC', async () => {
    const network = await createNetwork();
    const other = await createNetwork();
    const groupIn = async (vpcId: string): Promise<string> => {
      const made = await ec2.send(
        new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: 'database', Description: 'PostgreSQL' }),
      );
      return made.GroupId ?? '';
    };
    const [own, elsewhere] = [await groupIn(network.vpcId), await groupIn(other.vpcId)];
    const of = (group: string) => ['database=external', `databaseSecurityGroup=${group}`];
    expect(await said('network', network, ...of(own))).toEqual([`pass: ${network.vpcId} ${NETWORK}`]);
    expect(await said('network', network, ...of(elsewhere))).toEqual([
      `fail: databaseSecurityGroup ${elsewhere} is in ${other.vpcId}, not in ${network.vpcId}`,
    ]);
  });

  it('secrets: passes for the operator’s own database URL with TLS, and fails without TLS or if the secret does not exist', async () => {
    const network = await createNetwork();
    const create = async (name: string, value: string, key?: string): Promise<string> => {
      const made = await secrets.send(
        new CreateSecretCommand({ Name: name, SecretString: value, ...(key !== undefined && { KmsKeyId: key }) }),
      );
      return made.ARN ?? '';
    };
    const saidOf = async (arn: string) => {
      const found = await said('secrets', network, 'database=external', `databaseUrlSecret=${arn}`);
      return found.filter((line) => line.includes(arn));
    };
    const url = 'postgresql://gateway:word@database.example.org/communique';
    const right = await create('right', `${url}?sslmode=verify-full`);
    expect(await saidOf(right)).toEqual([`pass: ${right} holds a URL with TLS`]);
    const withoutTls = await create('plain', url);
    expect(await saidOf(withoutTls)).toEqual([expect.stringMatching(/^fail: .*plain-.*: /)]);
    const underOwnKey = await create('own-key', `${url}?sslmode=verify-full`, 'alias/of-the-operator');
    expect(await saidOf(underOwnKey)).toEqual([
      `warn: ${underOwnKey} is encrypted under a key of yours, alias/of-the-operator; whether the parents may decrypt with it was not checked`,
    ]);
    const absent = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:absent-AbCdEf';
    expect(await saidOf(absent)).toEqual([`fail: databaseUrlSecret ${absent} does not exist`]);
  });
});
