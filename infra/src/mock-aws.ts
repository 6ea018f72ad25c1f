import type { runtime } from '@pulumi/pulumi';

export interface SeenResource {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** URN of the provider, if the program named one. */
  provider: string | undefined;
}

export const MOCK_ACCOUNT = '123456789012';
/** Id of the one certificate that the mock returns, whatever the domain. */
export const MOCK_CERTIFICATE_ID = '12345678-1234-1234-1234-123456789012';
export const MOCK_DEPLOYER = `arn:aws:iam::${MOCK_ACCOUNT}:role/deployer`;

/** Derives hex digits from a name, so that ids are the same on every run. */
function hexOf(name: string, digits: number): string {
  let hash = 0x811c9dc5;
  let text = '';
  for (let round = 0; text.length < digits; round++) {
    for (const character of `${name}${round}`)
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
    text += hash.toString(16).padStart(8, '0');
  }
  return text.slice(0, digits);
}

/**
 * Stands in for AWS in previews and unit tests, which run the program without creating anything. It invents ids, ARNs and addresses in
 * AWS's forms, and records every resource.
 */
export class MockAws implements runtime.Mocks {
  readonly resources: SeenResource[] = [];

  /** ARN of the one certificate that the mock returns, whatever the domain. */
  certificateArn: string;

  /** Letters of the region's zones. Tests change their order, because AWS promises none. */
  zones = ['a', 'b', 'c', 'd', 'e', 'f'];

  /**
   * Id of the instance that has the Elastic IP; empty if none has it. Each look-up returns the next entry, and later look-ups the last one.
   */
  addressAt: readonly string[] = [''];
  addressLooks = 0;

  /** @param deployer IAM ARN of the caller who runs the program */
  constructor(
    private readonly region: string,
    private readonly deployer = MOCK_DEPLOYER,
  ) {
    this.certificateArn = this.#arn('acm', `certificate/${MOCK_CERTIFICATE_ID}`);
  }

  newResource({ type, name, inputs, provider, custom }: runtime.MockResourceArgs): {
    id: string;
    state: Record<string, unknown>;
  } {
    const given = inputs as Record<string, unknown>;
    this.resources.push({ type, name, inputs: given, provider });
    if (custom === false) return { id: `${name}-id`, state: given };
    const id = this.#id(type, name, given);
    return { id, state: { ...given, ...this.#outputs(type, name, id, given) } };
  }

  call({ token, inputs }: runtime.MockCallArgs): Record<string, unknown> {
    const asked = inputs as Record<string, unknown>;
    switch (token) {
      case 'aws:index/getCallerIdentity:getCallerIdentity':
        return {
          accountId: MOCK_ACCOUNT,
          arn: `arn:aws:sts::${MOCK_ACCOUNT}:assumed-role/deployer/session`,
          userId: 'AROAEXAMPLE:session',
          id: MOCK_ACCOUNT,
        };
      case 'aws:iam/getSessionContext:getSessionContext':
        return {
          arn: asked.arn,
          issuerArn: this.deployer,
          issuerId: 'AROAEXAMPLE',
          issuerName: 'deployer',
          sessionName: 'session',
          id: String(asked.arn),
        };
      case 'aws:index/getPartition:getPartition':
        return { partition: 'aws', dnsSuffix: 'amazonaws.com', id: 'aws', reverseDnsPrefix: 'com.amazonaws' };
      case 'aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings':
        return {
          locations: this.zones.map((zone) => `${this.region}${zone}`),
          instanceTypes: [],
          locationTypes: [],
          id: this.region,
          region: this.region,
        };
      case 'aws:ssm/getParameter:getParameter':
        return {
          name: asked.name,
          value: `ami-${hexOf(String(asked.name), 17)}`,
          type: 'String',
          version: 1,
          arn: this.#arn('ssm', `parameter${String(asked.name)}`),
          id: asked.name,
        };
      case 'aws:ec2/getElasticIp:getElasticIp': {
        const instanceId = this.addressAt[Math.min(this.addressLooks++, this.addressAt.length - 1)] ?? '';
        return {
          id: asked.id,
          publicIp: `192.0.2.${(parseInt(hexOf(String(asked.id), 2), 16) % 250) + 1}`,
          domain: 'vpc',
          instanceId,
          associationId: instanceId === '' ? '' : `eipassoc-0${hexOf(instanceId, 16)}`,
        };
      }
      // The subnet is in the VPC and zone that the request names.
      case 'aws:ec2/getSubnet:getSubnet':
        return { ...asked, cidrBlock: `10.60.${parseInt(hexOf(String(asked.id), 2), 16)}.0/24` };
      case 'aws:ec2/getRouteTable:getRouteTable':
        return {
          ...asked,
          id: `rtb-0${hexOf(String(asked.subnetId), 16)}`,
          routes: [{ cidrBlock: '0.0.0.0/0', natGatewayId: `nat-0${hexOf(String(asked.subnetId), 16)}` }],
        };
      case 'aws:ec2/getNatGateway:getNatGateway':
        return { id: asked.id, publicIp: `192.0.2.${(parseInt(hexOf(String(asked.id), 2), 16) % 250) + 1}` };
      case 'aws:acm/getCertificate:getCertificate':
        return {
          id: asked.domain,
          arn: this.certificateArn,
          domain: asked.domain,
          status: 'ISSUED',
        };
      case 'aws:route53/getZone:getZone':
        return {
          zoneId: `Z${hexOf(String(asked.name), 13).toUpperCase()}`,
          name: asked.name,
          id: `Z${hexOf(String(asked.name), 13).toUpperCase()}`,
        };
      default:
        throw new Error(`the stand-in for AWS does not know ${token}`);
    }
  }

  #arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.region}:${MOCK_ACCOUNT}:${resource}`;
  }

  #id(type: string, name: string, inputs: Record<string, unknown>): string {
    const prefixes: Record<string, string> = {
      'aws:ec2/vpc:Vpc': 'vpc',
      'aws:ec2/subnet:Subnet': 'subnet',
      'aws:ec2/securityGroup:SecurityGroup': 'sg',
      'aws:ec2/launchTemplate:LaunchTemplate': 'lt',
      'aws:ebs/volume:Volume': 'vol',
      'aws:ec2/eip:Eip': 'eipalloc',
      'aws:ec2/internetGateway:InternetGateway': 'igw',
      'aws:ec2/natGateway:NatGateway': 'nat',
      'aws:ec2/routeTable:RouteTable': 'rtb',
    };
    const prefix = prefixes[type];
    if (prefix !== undefined) return `${prefix}-0${hexOf(`${type}${name}`, 16)}`;
    if (type === 'aws:s3/bucket:Bucket') return String(inputs.bucket);
    if (type === 'aws:secretsmanager/secret:Secret')
      return this.#arn('secretsmanager', `secret:${String(inputs.name)}-${hexOf(name, 6)}`);
    if (type === 'aws:kms/key:Key') return this.#keyId(name);
    return String(inputs.name ?? inputs.identifier ?? inputs.replicationGroupId ?? name);
  }

  #keyId(name: string): string {
    const hex = hexOf(name, 32);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  #outputs(type: string, name: string, id: string, inputs: Record<string, unknown>): Record<string, unknown> {
    switch (type) {
      case 'aws:s3/bucket:Bucket':
        return { arn: `arn:aws:s3:::${id}`, bucketRegionalDomainName: `${id}.s3.${this.region}.amazonaws.com` };
      case 'aws:s3/bucketObjectv2:BucketObjectv2':
        return { versionId: hexOf(name, 32) };
      case 'aws:kms/key:Key':
        return { arn: this.#arn('kms', `key/${id}`), keyId: id };
      case 'aws:kms/alias:Alias':
        return { arn: this.#arn('kms', String(inputs.name)) };
      case 'aws:iam/role:Role':
        return { arn: `arn:aws:iam::${MOCK_ACCOUNT}:role/${id}` };
      case 'aws:iam/instanceProfile:InstanceProfile':
        return { arn: `arn:aws:iam::${MOCK_ACCOUNT}:instance-profile/${id}` };
      case 'aws:secretsmanager/secret:Secret':
        return { arn: id };
      case 'aws:ec2/eip:Eip':
        return { allocationId: id, publicIp: `192.0.2.${(parseInt(hexOf(name, 2), 16) % 250) + 1}` };
      case 'aws:ec2/launchTemplate:LaunchTemplate':
        return { latestVersion: 1 };
      case 'aws:rds/instance:Instance':
        return {
          address: `${id}.abcdefgh.${this.region}.rds.amazonaws.com`,
          masterUserSecrets: [
            {
              secretArn: this.#arn('secretsmanager', `secret:rds!db-${this.#keyId(name)}-${hexOf(name, 6)}`),
              secretStatus: 'active',
              kmsKeyId: '',
            },
          ],
        };
      case 'aws:elasticache/replicationGroup:ReplicationGroup':
        return { primaryEndpointAddress: `master.${id}.abcdef.cache.amazonaws.com` };
      case 'aws:lb/loadBalancer:LoadBalancer':
        return {
          arn: this.#arn('elasticloadbalancing', `loadbalancer/app/${id}/${hexOf(name, 16)}`),
          dnsName: `${id}.${this.region}.elb.amazonaws.com`,
          zoneId: 'Z0000000EXAMPLE',
        };
      case 'aws:lb/targetGroup:TargetGroup':
        return { arn: this.#arn('elasticloadbalancing', `targetgroup/${id}/${hexOf(name, 16)}`) };
      case 'aws:acm/certificate:Certificate':
        return {
          arn: this.#arn('acm', `certificate/${this.#keyId(name)}`),
          domainValidationOptions: [
            {
              domainName: inputs.domainName,
              resourceRecordName: `_proof.${String(inputs.domainName)}.`,
              resourceRecordType: 'CNAME',
              resourceRecordValue: '_value.acm-validations.aws.',
            },
          ],
        };
      case 'aws:cloudfront/distribution:Distribution':
        return {
          arn: `arn:aws:cloudfront::${MOCK_ACCOUNT}:distribution/E${hexOf(name, 13).toUpperCase()}`,
          domainName: `d${hexOf(name, 13)}.cloudfront.net`,
        };
      case 'aws:sns/topic:Topic':
        return { arn: this.#arn('sns', id) };
      case 'aws:cloudtrail/trail:Trail':
        return { arn: this.#arn('cloudtrail', `trail/${id}`) };
      case 'aws:cloudwatch/logGroup:LogGroup':
        return { arn: this.#arn('logs', `log-group:${id}`) };
      case 'aws:ecr/repository:Repository':
        return {
          arn: this.#arn('ecr', `repository/${id}`),
          repositoryUrl: `${MOCK_ACCOUNT}.dkr.ecr.${this.region}.amazonaws.com/${id}`,
        };
      case 'aws:autoscaling/policy:Policy':
        return {
          arn: this.#arn('autoscaling', `scalingPolicy:${this.#keyId(name)}:autoScalingGroupName/x:policyName/${id}`),
        };
      case 'aws:route53/record:Record':
        return { fqdn: inputs.name };
      default:
        return {};
    }
  }
}
