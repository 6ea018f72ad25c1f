import { isTrue, listOf, numberOf, recordOf, textsOf, unless, type ResourceRule, type RuleResource } from './rule';

const OPEN = ['0.0.0.0/0', '::/0'];
const MAY_BE_OPEN = [80, 443];

/** One inbound rule of a security group, read from any of the provider's three notations. */
interface LetIn {
  networks: readonly string[];
  protocol: unknown;
  from: number;
  to: number;
}

function letsIn({ type, props }: RuleResource): LetIn[] {
  switch (type) {
    case 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule':
      return [
        {
          networks: [...textsOf(props.cidrIpv4), ...textsOf(props.cidrIpv6)],
          protocol: props.ipProtocol,
          from: numberOf(props.fromPort),
          to: numberOf(props.toPort),
        },
      ];
    case 'aws:ec2/securityGroupRule:SecurityGroupRule':
      return props.type === 'ingress' ? [inline(props)] : [];
    case 'aws:ec2/securityGroup:SecurityGroup':
    case 'aws:ec2/defaultSecurityGroup:DefaultSecurityGroup':
      return listOf(props.ingress).map((each) => inline(recordOf(each)));
    default:
      return [];
  }
}

const inline = (rule: Readonly<Record<string, unknown>>): LetIn => ({
  networks: [...textsOf(rule.cidrBlocks), ...textsOf(rule.ipv6CidrBlocks)],
  protocol: rule.protocol,
  from: numberOf(rule.fromPort),
  to: numberOf(rule.toPort),
});

export const openPorts: ResourceRule = {
  name: 'open-ports',
  description: 'Only TCP 80 and 443 are open to the internet.',
  check: (resource) =>
    letsIn(resource)
      .filter(({ networks }) => networks.some((network) => OPEN.includes(network)))
      .flatMap(({ protocol, from, to }) =>
        unless(
          protocol === 'tcp' && from === to && MAY_BE_OPEN.includes(from),
          `is open to everyone at ${String(protocol)} ${Number.isNaN(from) ? 'all ports' : from === to ? String(from) : `${String(from)} to ${String(to)}`}`,
        ),
      ),
};

export const metadataV2: ResourceRule = {
  name: 'metadata-v2',
  description: 'Instances give their credentials only by IMDSv2 and only to themselves, and have no SSH access.',
  check({ type, props }) {
    if (type !== 'aws:ec2/launchTemplate:LaunchTemplate' && type !== 'aws:ec2/instance:Instance') return [];
    const { httpTokens, httpPutResponseHopLimit, instanceMetadataTags } = recordOf(props.metadataOptions);
    return [
      ...unless(httpTokens === 'required', 'answers metadata requests without a token (IMDSv1)'),
      ...unless(numberOf(httpPutResponseHopLimit) === 1, 'lets metadata travel further than one hop'),
      ...unless(!isTrue(instanceMetadataTags) && instanceMetadataTags !== 'enabled', 'shows its tags to every process'),
      ...unless(props.keyName === undefined, 'has an SSH key'),
    ];
  },
};
