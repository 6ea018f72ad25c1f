import { listOf, numberOf, recordOf, unless, type RuleResource, type StackRule } from './rule';

const tagsOf = ({ props, providerTags }: RuleResource): Readonly<Record<string, unknown>> => ({
  ...providerTags,
  ...recordOf(props.tags),
});

/** Whether a policy of Data Lifecycle Manager makes snapshots of this volume at least daily, and keeps at least one. */
function makesSnapshotsOf(volume: RuleResource, { type, props }: RuleResource): boolean {
  const { targetTags, resourceTypes, schedules } = recordOf(props.policyDetails);
  const tags = tagsOf(volume);
  return (
    type === 'aws:dlm/lifecyclePolicy:LifecyclePolicy' &&
    (props.state ?? 'ENABLED') === 'ENABLED' &&
    listOf(resourceTypes).includes('VOLUME') &&
    Object.entries(recordOf(targetTags)).some(([tag, value]) => tags[tag] === value) &&
    listOf(schedules).some((schedule) => {
      const { createRule, retainRule } = recordOf(schedule);
      return (
        recordOf(createRule).intervalUnit === 'HOURS' &&
        numberOf(recordOf(createRule).interval) <= 24 &&
        numberOf(recordOf(retainRule).count) >= 1
      );
    })
  );
}

export const volumesSnapshotted: StackRule = {
  name: 'volumes-snapshotted',
  description: 'Every volume that outlives its instance gets a daily snapshot, and some are kept.',
  checkStack: (resources) =>
    resources
      .filter(({ type }) => type === 'aws:ebs/volume:Volume')
      .flatMap((volume) =>
        unless(
          resources.some((each) => makesSnapshotsOf(volume, each)),
          `${volume.name} has no daily snapshot`,
        ),
      ),
};
