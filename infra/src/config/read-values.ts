import { closestName } from '@communique-tee/gateway-environment';
import type * as z from 'zod';
import { PROJECT } from '../names';
import { REPLACED_KEYS } from './replaced-keys';
import { regionSchema, settingsSchema, type RawSettings } from './settings-schema';

/** Pulumi's values. Each is checked separately from the others. */
export interface ReadValues {
  /** The values of our keys, by key without the namespace. */
  readonly own: Readonly<Record<string, string>>;
  /** The valid values. */
  readonly raw: Partial<RawSettings>;
  /** Problems with values and key names, one line each. */
  readonly wrong: readonly string[];
  /** Keys that a whole stack needs and that are not set, one line each. */
  readonly missing: readonly string[];
  readonly region: z.ZodSafeParseResult<string>;
  /** `wrong`, and problems with the stack's name, its region and other namespaces. */
  readonly problems: string[];
}

export function readValues(stack: string, values: Readonly<Record<string, string>>): ReadValues {
  const problems: string[] = [];
  // RDS, ElastiCache and CloudTrail refuse two hyphens side by side, and a load balancer's name cannot end with a hyphen.
  if (!/^(?=.{1,12}$)[a-z](-?[a-z0-9])*$/.test(stack))
    problems.push(
      `stack ${stack}: at most 12 characters of a to z, 0 to 9 and single hyphens between them, beginning with a letter, since names in AWS contain it`,
    );
  const region = regionSchema.safeParse(values['aws:region']);
  if (!region.success) problems.push('aws:region: a region, for example us-east-1');
  problems.push(...Object.keys(values).flatMap(problemOfNamespace));

  const own = Object.fromEntries(
    Object.entries(values)
      .filter(([key]) => key.startsWith(`${PROJECT}:`))
      .map(([key, value]) => [key.slice(PROJECT.length + 1), value]),
  );
  const { raw, wrong, missing } = parseEach(own);
  problems.push(...wrong);
  return { own, raw, wrong, missing, region, problems };
}

/** Refuses a key that neither this program nor Pulumi reads (`pulumi:`), because it would have no effect. */
function problemOfNamespace(key: string): string[] {
  const [namespace = ''] = key.split(':');
  if (namespace === PROJECT || namespace === 'pulumi' || key === 'aws:region') return [];
  return [
    namespace === 'aws'
      ? `${key}: is not read: the program configures its own provider only with aws:region (AWS_PROFILE names a profile)`
      : `${key}: there is no such key: keys begin with ${PROJECT}: or are aws:region`,
  ];
}

/** Reads each key separately, so that one wrong value does not hide contradictions between the others. */
function parseEach(own: Readonly<Record<string, string>>): Pick<ReadValues, 'raw' | 'wrong' | 'missing'> {
  const wrong = Object.keys(own)
    .filter((key) => !Object.hasOwn(settingsSchema.shape, key))
    .map(problemOfKey);
  const missing: string[] = [];
  const entries = Object.entries(settingsSchema.shape).flatMap(([key, schema]): [string, unknown][] => {
    const parsed = schema.safeParse(own[key]);
    if (parsed.success) return parsed.data === undefined ? [] : [[key, parsed.data]];
    if (own[key] === undefined) missing.push(`${key}: is missing (${schema.description ?? ''})`);
    else wrong.push(`${key}: ${firstIssue(parsed.error)}`);
    return [];
  });
  return { raw: Object.fromEntries(entries), wrong, missing };
}

function problemOfKey(key: string): string {
  if (Object.hasOwn(REPLACED_KEYS, key)) return `${key}: ${String(REPLACED_KEYS[key])}`;
  const meant = closestName(key, Object.keys(settingsSchema.shape));
  return `${key}: there is no such key${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

/** The first problem with a value; for a list, with the number of the entry. */
function firstIssue({ issues: [issue] }: z.core.$ZodError): string {
  const entry = issue?.path.find((part) => typeof part === 'number');
  return `${entry === undefined ? '' : `entry ${entry + 1}: `}${issue?.message ?? 'is not valid'}`;
}
