import { numberOf, recordOf, textsOf, unless, type RuleResource, type StackRule } from './rule';

/** Log groups to which a service of AWS writes for a resource. If a group is absent, the service makes it without a retention time. */
function logGroupsOf({ type, props }: RuleResource): string[] {
  if (type === 'aws:rds/instance:Instance')
    return textsOf(props.enabledCloudwatchLogsExports).map(
      (log) => `/aws/rds/instance/${String(props.identifier)}/${log}`,
    );
  if (type === 'aws:codebuild/project:Project') {
    const { groupName } = recordOf(recordOf(props.logsConfig).cloudwatchLogs);
    return [typeof groupName === 'string' ? groupName : `/aws/codebuild/${String(props.name)}`];
  }
  return [];
}

export const logsEnd: StackRule = {
  name: 'logs-end',
  description: 'The program makes every log group, with a retention time.',
  checkStack(resources) {
    const groups = resources.filter(({ type }) => type === 'aws:cloudwatch/logGroup:LogGroup');
    return [
      ...groups.flatMap(({ name, props }) =>
        unless(numberOf(props.retentionInDays) > 0, `${name} never deletes its logs`),
      ),
      ...resources.flatMap((resource) =>
        logGroupsOf(resource).flatMap((group) =>
          unless(
            groups.some(({ props }) => props.name === group),
            `${resource.name} would make the log group ${group} itself`,
          ),
        ),
      ),
    ];
  },
};
