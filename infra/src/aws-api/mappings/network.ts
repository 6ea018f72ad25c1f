import type { Mappings } from '../mapping';

const TAGS = 'TagSpecifications[0].Tags';

/** A rule for either direction: one permission in the list, with a range of addresses or another group. */
const securityGroupRule = (direction: 'Ingress' | 'Egress', file: string) => ({
  call: `ec2:AuthorizeSecurityGroup${direction}`,
  source: file,
  members: {
    securityGroupId: 'GroupId',
    ipProtocol: 'IpPermissions[0].IpProtocol',
    fromPort: 'IpPermissions[0].FromPort',
    toPort: 'IpPermissions[0].ToPort',
    cidrIpv4: 'IpPermissions[0].IpRanges[0].CidrIp',
    referencedSecurityGroupId: 'IpPermissions[0].UserIdGroupPairs[0].GroupId',
    // A range and a group accept the same characters in their description.
    description: 'IpPermissions[0].IpRanges[0].Description',
  },
  tags: TAGS,
});

export const network: Mappings = {
  'aws:ec2/vpc:Vpc': {
    call: 'ec2:CreateVpc',
    source: 'ec2/vpc_.go',
    members: {
      enableDnsHostnames: 'ModifyVpcAttribute/EnableDnsHostnames.Value',
      enableDnsSupport: 'ModifyVpcAttribute/EnableDnsSupport.Value',
    },
    tags: TAGS,
    sends: { 'ModifyVpcAttribute/VpcId': 'vpc-0123456789abcdef0' },
  },
  'aws:ec2/subnet:Subnet': {
    call: 'ec2:CreateSubnet',
    source: 'ec2/vpc_subnet.go',
    members: { mapPublicIpOnLaunch: 'ModifySubnetAttribute/MapPublicIpOnLaunch.Value' },
    tags: TAGS,
    sends: {
      'ModifySubnetAttribute/SubnetId': 'subnet-0123456789abcdef0',
    },
  },
  'aws:ec2/internetGateway:InternetGateway': {
    call: 'ec2:CreateInternetGateway',
    source: 'ec2/vpc_internet_gateway.go',
    members: { vpcId: 'AttachInternetGateway/VpcId' },
    tags: TAGS,
    sends: {
      'AttachInternetGateway/InternetGatewayId': 'igw-0123456789abcdef0',
    },
  },
  'aws:ec2/natGateway:NatGateway': {
    call: 'ec2:CreateNatGateway',
    source: 'ec2/vpc_nat_gateway.go',
    tags: TAGS,
  },
  'aws:ec2/eip:Eip': { call: 'ec2:AllocateAddress', source: 'ec2/ec2_eip.go', tags: TAGS },
  'aws:ec2/tag:Tag': {
    call: 'ec2:CreateTags',
    source: 'ec2/tag_gen.go',
    members: { resourceId: 'Resources[0]', key: 'Tags[0].Key', value: 'Tags[0].Value' },
  },
  'aws:ec2/routeTable:RouteTable': {
    call: 'ec2:CreateRouteTable',
    source: 'ec2/vpc_route_table.go',
    tags: TAGS,
  },
  'aws:ec2/route:Route': { call: 'ec2:CreateRoute', source: 'ec2/vpc_route.go' },
  'aws:ec2/routeTableAssociation:RouteTableAssociation': {
    call: 'ec2:AssociateRouteTable',
    source: 'ec2/vpc_route_table_association.go',
  },
  'aws:ec2/vpcEndpoint:VpcEndpoint': {
    call: 'ec2:CreateVpcEndpoint',
    source: 'ec2/vpc_endpoint.go',
    members: { policy: 'PolicyDocument' },
    tags: TAGS,
  },
  'aws:ec2/flowLog:FlowLog': {
    call: 'ec2:CreateFlowLogs',
    source: 'ec2/vpc_flow_log.go',
    members: { iamRoleArn: 'DeliverLogsPermissionArn', vpcId: 'ResourceIds[0]' },
    tags: TAGS,
    sends: { ResourceType: 'VPC' },
  },
  'aws:ec2/securityGroup:SecurityGroup': {
    call: 'ec2:CreateSecurityGroup',
    source: 'ec2/vpc_security_group.go',
    members: { name: 'GroupName' },
    tags: TAGS,
  },
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': securityGroupRule(
    'Ingress',
    'ec2/vpc_security_group_ingress_rule.go',
  ),
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': securityGroupRule(
    'Egress',
    'ec2/vpc_security_group_egress_rule.go',
  ),
};
