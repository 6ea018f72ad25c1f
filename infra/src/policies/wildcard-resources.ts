/** Actions for which AWS accepts only the resource `*`, and why each is needed. A test compares every policy of the program with them. */
export const WILDCARD_RESOURCES: Readonly<Record<string, string>> = {
  'autoscaling:DescribeAutoScalingInstances': 'knows no resource; the parent looks whether its group waits for it',
  'cloudwatch:PutMetricData': 'metrics have no ARN; the namespace is fixed by a condition',
  'ec2:DescribeAddresses': 'EC2 describes know no resource; the parent looks whether its address is attached',
  'ec2:DescribeInstances':
    'EC2 describes know no resource; Data Lifecycle Manager looks for what it makes snapshots of',
  'ec2:DescribeSnapshots': 'EC2 describes know no resource; Data Lifecycle Manager counts the snapshots that are there',
  'ec2:DescribeTags': "EC2 describes know no resource; CloudWatch's agent looks which group the instance is in",
  'ec2:DescribeVolumes':
    'EC2 describes know no resource; the parent waits for its data volume, Data Lifecycle Manager looks for it',
  'ssmmessages:CreateControlChannel': 'Session Manager, in place of port 22: knows no resource',
  'ssmmessages:CreateDataChannel': 'Session Manager: knows no resource',
  'ssmmessages:OpenControlChannel': 'Session Manager: knows no resource',
  'ssmmessages:OpenDataChannel': 'Session Manager: knows no resource',
  'ecr:GetAuthorizationToken': 'a registry login belongs to the account, not to a repository',
};
