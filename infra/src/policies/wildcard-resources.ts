/** Actions for which AWS accepts only the resource `*`, each with the reason and its use here. A rule refuses `*` for other actions. */
export const WILDCARD_RESOURCES: Readonly<Record<string, string>> = {
  'autoscaling:DescribeAutoScalingInstances':
    'the action has no resources; the parent checks whether its group waits for it',
  'cloudwatch:PutMetricData': 'metrics have no ARN; the namespace is fixed by a condition',
  'ec2:DescribeAddresses':
    'EC2’s Describe actions have no resources; the parent checks whether its address is attached',
  'ec2:DescribeInstances':
    'EC2’s Describe actions have no resources; Data Lifecycle Manager requires it for its snapshots',
  'ec2:DescribeSnapshots':
    'EC2’s Describe actions have no resources; Data Lifecycle Manager counts the existing snapshots',
  'ec2:DescribeTags':
    'EC2’s Describe actions have no resources; CloudWatch’s agent reads the name of the instance’s group',
  'ec2:DescribeVolumes':
    'EC2’s Describe actions have no resources; the parent waits for its data volume, and Data Lifecycle Manager finds it',
  'ssmmessages:CreateControlChannel': 'for Session Manager, which replaces port 22; the action has no resources',
  'ssmmessages:CreateDataChannel': 'for Session Manager; the action has no resources',
  'ssmmessages:OpenControlChannel': 'for Session Manager; the action has no resources',
  'ssmmessages:OpenDataChannel': 'for Session Manager; the action has no resources',
  'ecr:GetAuthorizationToken': 'a registry login belongs to the account, not to a repository',
};
