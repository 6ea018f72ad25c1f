import { logGroupPrefix } from './parent-settings';
import { nameOf, type Place } from './names';

/** Links to the pages of AWS's console that an operator needs first. */
export function consoleLinks({ stack, region, partition }: Place): Record<string, string> {
  const host =
    partition === 'aws-us-gov'
      ? 'console.amazonaws-us-gov.com'
      : partition === 'aws-cn'
        ? 'console.amazonaws.cn'
        : 'console.aws.amazon.com';
  const page = (service: string, rest: string): string =>
    `https://${region}.${host}/${service}/home?region=${region}#${rest}`;
  const encoded = encodeURIComponent(encodeURIComponent(logGroupPrefix(stack))).replaceAll('%', '$');
  return {
    dashboard: page('cloudwatch', `dashboards/dashboard/${nameOf(stack, 'overview')}`),
    alarms: page('cloudwatch', 'alarmsV2:'),
    logs: page('cloudwatch', `logsV2:log-groups$3FlogGroupNameFilter$3D${encoded}`),
    parents: page('ec2', `AutoScalingGroupDetails:id=${nameOf(stack, 'parent')};view=instanceManagement`),
  };
}
