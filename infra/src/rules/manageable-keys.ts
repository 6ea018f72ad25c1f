import { isTrue, unless, type ResourceRule } from './rule';
import { statementsOf, type SeenStatement } from './policies-of';

const CHANGE = 'kms:PutKeyPolicy';
const BYPASS = 'kms:BypassPolicyLockoutSafetyCheck';

const isAbout = ({ actions }: SeenStatement): boolean =>
  [CHANGE, 'kms:*', 'kms:Put*', '*'].some((action) => actions.includes(action));

/** Whether a denial applies only to requests that ask KMS to skip the lockout check. */
const isDenialOfBypass = ({ conditions }: SeenStatement): boolean =>
  Object.keys(conditions).length === 1 &&
  Object.keys(conditions.Bool ?? {}).length === 1 &&
  conditions.Bool?.[BYPASS]?.[0] === 'true';

export const manageableKeys: ResourceRule = {
  name: 'manageable-keys',
  description:
    'A key’s policy lets named principals change it without a condition, and no statement denies that, so it passes KMS’s lockout check.',
  check(resource) {
    if (resource.type !== 'aws:kms/key:Key') return [];
    const about = statementsOf(resource).filter(isAbout);
    return [
      ...unless(
        about.some(
          ({ allows, principals, conditions }) =>
            allows && principals.length > 0 && !principals.includes('*') && Object.keys(conditions).length === 0,
        ),
        `${CHANGE} is allowed only under a condition, or to no named principal`,
      ),
      ...about
        .filter((statement) => !statement.allows && !isDenialOfBypass(statement))
        .map(({ sid }) => `${sid} denies ${CHANGE}`),
      ...unless(!isTrue(resource.props.bypassPolicyLockoutSafetyCheck), 'skips the lockout check'),
    ];
  },
};
