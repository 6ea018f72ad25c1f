import { bucketsClosed, noPublicBucket } from './buckets';
import { destroyable } from './destroyable';
import { encryptedEverywhere, secretsWriteOnly } from './encryption';
import { attestedKeys } from './keys';
import { manageableKeys } from './manageable-keys';
import { logsEnd } from './logs';
import { metadataV2, openPorts } from './network';
import { deletionProtection } from './production';
import { upWaits } from './parents';
import { noWildcardAction, wildcardResourceListed } from './rights';
import type { ResourceRule, RuleResource, StackRule } from './rule';
import { volumesSnapshotted } from './snapshots';
import { tagged } from './tags';

export type { ResourceRule, RuleResource, StackRule } from './rule';

/** The rules about single resources. The program's tests, `npm run ops -- check` and the policy pack use the same rules. */
export const RESOURCE_RULES: readonly ResourceRule[] = [
  noPublicBucket,
  encryptedEverywhere,
  secretsWriteOnly,
  openPorts,
  metadataV2,
  noWildcardAction,
  wildcardResourceListed,
  attestedKeys,
  manageableKeys,
  deletionProtection,
  destroyable,
  upWaits,
  tagged,
];
export const STACK_RULES: readonly StackRule[] = [bucketsClosed, volumesSnapshotted, logsEnd];

export interface Violation {
  rule: string;
  /** Type and name of the resource; absent for a stack rule. */
  resource?: { type: string; name: string };
  problem: string;
}

export const violationsOf = (resources: readonly RuleResource[]): Violation[] => [
  ...resources.flatMap((resource) =>
    RESOURCE_RULES.flatMap((rule) =>
      rule
        .check(resource)
        .map((problem) => ({ rule: rule.name, resource: { type: resource.type, name: resource.name }, problem })),
    ),
  ),
  ...STACK_RULES.flatMap((rule) => rule.checkStack(resources).map((problem) => ({ rule: rule.name, problem }))),
];
