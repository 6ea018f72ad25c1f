import { opened, secretNames } from '../engine/property-values';
import type { SeenResource } from '../mock-aws';
import { textsOf } from '../rules/rule';
import { charactersOf, isRecord } from './check-request';
import { IAM_QUOTAS, LIMITS, type Limit } from './documented-limits';
import { fullMatch } from './pattern';

/** @returns each problem with the path of its input. Values of secrets are checked but not shown. */
export function limitProblems({ type, inputs }: SeenResource): string[] {
  const secret = secretNames(inputs);
  return Object.entries(LIMITS[type] ?? {}).flatMap(([path, limit]) =>
    valuesAt(opened(inputs), path).flatMap((value) =>
      problemsOf(value, limit).map((said) => `${path}: ${isWithin(path, secret) ? SECRET : said} (${limit.source})`),
    ),
  );
}

export const SECRET = 'AWS does not accept this value; it is not shown, because it is a secret';
export const isWithin = (path: string, names: readonly string[]): boolean =>
  names.includes(/^[^.[]+/.exec(path)?.[0] ?? '');

/** @param path such as `a.b[].c` @returns the values at this path */
export function valuesAt(inputs: unknown, path: string): unknown[] {
  let at: unknown[] = [inputs];
  for (const [step] of path.matchAll(/[^.[\]]+|\[\]/g))
    at = at.flatMap((value): unknown[] =>
      step === '[]' ? (Array.isArray(value) ? (value as unknown[]) : []) : isRecord(value) ? [value[step]] : [],
    );
  return at.filter((value) => value !== undefined && value !== null);
}

function problemsOf(given: unknown, { min, max, maxBytes, pattern, oneOf, base64 }: Limit): string[] {
  const value = base64 === true && typeof given === 'string' ? Buffer.from(given, 'base64').toString() : given;
  const size = typeof value === 'number' ? value : typeof value === 'string' ? charactersOf(value) : NaN;
  const unit = typeof value === 'number' ? '' : ' characters';
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
  return [
    ...(Number.isNaN(size) ? [`is ${typeof value}, neither text nor number`] : []),
    ...(min !== undefined && size < min ? [`${size}${unit}: at least ${min}`] : []),
    ...(max !== undefined && size > max ? [`${size}${unit}: at most ${max}`] : []),
    ...(maxBytes !== undefined && bytes > maxBytes ? [`${bytes} bytes: at most ${maxBytes}`] : []),
    ...(pattern !== undefined && !fullMatch(pattern).test(String(value))
      ? [`${JSON.stringify(String(value).slice(0, 80))} does not match ${pattern}`]
      : []),
    ...(oneOf !== undefined && !oneOf.includes(value as string | number)
      ? [`${JSON.stringify(value)} is none of ${oneOf.slice(0, 24).join(', ')}`]
      : []),
  ];
}

/** Characters that every service accepts in tags: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html. */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const MOST_TAGS = 50;

/** @param tags all tags of one resource, including those that the provider adds */
export function tagProblems(tags: Readonly<Record<string, unknown>>): string[] {
  const names = Object.keys(tags);
  return [
    ...(names.length > MOST_TAGS ? [`${names.length} tags: at most ${MOST_TAGS}`] : []),
    ...names.flatMap((name) => {
      const value = String(tags[name]);
      return [
        ...(charactersOf(name) < 1 || charactersOf(name) > 128 ? [`tag ${name}: a key has 1 to 128 characters`] : []),
        ...(charactersOf(value) > 256 ? [`tag ${name}: a value has at most 256 characters`] : []),
        ...(TAG_TEXT.test(name) && TAG_TEXT.test(value)
          ? []
          : [`tag ${name}: only letters, digits, spaces and _ . : / = + - @`]),
        ...(/^aws:/i.test(name) ? [`tag ${name}: the prefix aws: is reserved for AWS`] : []),
      ];
    }),
  ];
}

/** IAM's limit for all inline policies of one role together, in characters without white space. */
const MOST_INLINE = 10_240;

export function rolePolicyProblems(
  resources: readonly SeenResource[],
): { readonly resource: SeenResource; readonly problem: string }[] {
  const roles = new Map<string, { resource: SeenResource; size: number }>();
  for (const resource of resources.filter(({ type }) => type === 'aws:iam/rolePolicy:RolePolicy')) {
    const role = String(resource.inputs.role);
    const size = String(resource.inputs.policy).replace(/\s/g, '').length;
    roles.set(role, { resource, size: size + (roles.get(role)?.size ?? 0) });
  }
  return [...roles]
    .filter(([, { size }]) => size > MOST_INLINE)
    .map(([role, { resource, size }]) => ({
      resource,
      problem: `policies of role ${role}: ${size} characters together, at most ${MOST_INLINE} (${IAM_QUOTAS})`,
    }));
}

/** The actions that a topic's policy may name. SNS refuses a policy with another action; documented-limits.ts has the source. */
const TOPIC_ACTIONS = [
  'AddPermission',
  'DeleteTopic',
  'GetDataProtectionPolicy',
  'GetTopicAttributes',
  'ListSubscriptionsByTopic',
  'ListTagsForResource',
  'Publish',
  'PutDataProtectionPolicy',
  'RemovePermission',
  'SetTopicAttributes',
  'Subscribe',
].map((action) => `sns:${action}`);
const SIDS = 'IAM/latest/UserGuide/reference_policies_elements_sid.html';

export function policyProblems({ type, inputs }: SeenResource): string[] {
  return ['policy', 'assumeRolePolicy'].flatMap((input) => {
    const text = inputs[input];
    if (typeof text !== 'string' || !/^aws:(iam|kms|s3|sns|ec2)/.test(type)) return [];
    const said = (problem: string): string => `${input}: ${problem}`;
    const statements = statementsIn(text);
    if (statements === undefined) return [said('is no policy in JSON')];
    const sids = statements.flatMap(({ Sid }) => (typeof Sid === 'string' ? [Sid] : []));
    const actions = statements.flatMap(({ Action }) => textsOf(Action));
    return [
      ...sids
        .filter((sid) => !/^[A-Za-z0-9]+$/.test(sid))
        .map((sid) => said(`Sid ${sid}: only letters and digits (${SIDS})`)),
      ...sids.filter((sid, at) => sids.indexOf(sid) !== at).map((sid) => said(`Sid ${sid} is used twice (${SIDS})`)),
      ...(type === 'aws:sns/topicPolicy:TopicPolicy'
        ? actions
            .filter((action) => !TOPIC_ACTIONS.includes(action))
            .map((action) => said(`${action} is no action of a topic's policy`))
        : []),
    ];
  });
}

function statementsIn(text: string): Readonly<Record<string, unknown>>[] | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return isRecord(document) && Array.isArray(document.Statement) ? document.Statement.filter(isRecord) : undefined;
  } catch {
    return undefined;
  }
}
