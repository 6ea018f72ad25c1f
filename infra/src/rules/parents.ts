import { isTrue, listOf, numberOf, recordOf, unless, type ResourceRule } from './rule';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Reads Go's durations (`40m`, `1h30m`); NaN for any other text. */
function secondsOf(duration: unknown): number {
  const parts = [...String(duration).matchAll(/(\d+)([smh])/g)];
  if (parts.map(([whole]) => whole).join('') !== String(duration)) return NaN;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (SECONDS[String(unit)] ?? NaN), 0);
}

export const upWaits: ResourceRule = {
  name: 'up-waits',
  description:
    '`pulumi up` waits until the instances of a group have passed its launch hook, even if the group first fails in one zone; `pulumi destroy` does not wait for the hook.',
  check: ({ type, props, ignored = [] }) => {
    if (type !== 'aws:autoscaling/group:Group') return [];
    // The provider cannot read a group's hook. So an imported group has no hook in its state, and `ignoreChanges` keeps it that way.
    const isImported = props.initialLifecycleHooks === undefined && ignored.includes('initialLifecycleHooks');
    const hooks = listOf(props.initialLifecycleHooks)
      .map(recordOf)
      .filter(({ lifecycleTransition }) => lifecycleTransition === 'autoscaling:EC2_INSTANCE_LAUNCHING');
    return [
      ...unless(hooks.length > 0 || isImported, 'puts instances into service without a launch hook'),
      ...hooks.flatMap(({ heartbeatTimeout, defaultResult }) => [
        ...unless(defaultResult === 'ABANDON', 'keeps an instance that never answered'),
        ...unless(
          secondsOf(props.waitForCapacityTimeout) > numberOf(heartbeatTimeout),
          'is called ready before an instance has passed its launch hook',
        ),
      ]),
      ...unless(
        isTrue(props.ignoreFailedScalingActivities),
        'fails at the first failed activity, though the group would try another zone',
      ),
      ...unless(isTrue(props.forceDelete), 'cannot be deleted while an instance waits in its launch hook'),
    ];
  },
};
