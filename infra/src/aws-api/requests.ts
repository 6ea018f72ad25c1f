import { opened } from '../engine/property-values';
import type { SeenResource } from '../mock-aws';
import { isRecord } from './check-request';
import { Drafts, type Place, type Request } from './drafts';
import type { Mapping } from './mapping';
import { pairOf, pathText, shapeAt, type Calls, type Shape } from './shape';

export interface Translation {
  readonly requests: readonly Request[];
  /** Inputs without a place in AWS's models: no row and no member has their name, or their row names an unknown place. */
  readonly lost: readonly string[];
  /** The rows of `members` and `own` that were used. */
  readonly used: ReadonlySet<string>;
  readonly tags: Readonly<Record<string, unknown>>;
}

/** The place of an input. */
interface At {
  /** The path, such as `rules[].id`. */
  readonly text: string;
  /** The position in each list of the path. */
  readonly positions: readonly number[];
}

const BY_PROVIDER = 'sent by the provider';

/**
 * Returns what the provider would send to AWS to make the resource.
 *
 * @param defaultTags the tags that the provider adds to everything that can have tags
 */
export function requestsFor(
  resource: SeenResource,
  mapping: Mapping,
  calls: Calls,
  defaultTags: Readonly<Record<string, string>>,
): Translation {
  const drafts = new Drafts(mapping.call);
  const lost: string[] = [];
  const used = new Set<string>();
  const rows = Object.keys({ ...mapping.members, ...mapping.own });
  const shapeOf = ({ call, path }: Place): Shape | undefined => shapeAt(calls[call], path);

  const walk = (given: unknown, at: At, byName: Place | undefined): void => {
    if (given === undefined || given === null) return;
    if (mapping.own?.[at.text] !== undefined) {
      used.add(at.text);
      return;
    }
    const row = mapping.members?.[at.text];
    if (row !== undefined) used.add(at.text);
    const target = typeof row === 'string' ? row : row?.to;
    const place = target === undefined ? byName : drafts.place(target, at.positions);
    if (typeof row === 'object' && place !== undefined) {
      const value = row.as(given);
      for (const each of Array.isArray(value) && target?.endsWith('[+]') ? (value as unknown[]) : [value])
        drafts.write(drafts.place(target ?? '', at.positions), each, at.text);
      return;
    }
    const shape = place && shapeOf(place);
    // If input and place have the same form, members with the same name match. Otherwise each member needs a row of its own.
    const fits = Array.isArray(given) ? shape?.type === 'list' : isRecord(given) && shape?.type === 'structure';
    if (fits || (typeof given === 'object' && leadsBelow(rows, at.text))) {
      const inside = fits ? place : undefined;
      if (Array.isArray(given))
        given.forEach((each, position) =>
          walk(
            each,
            { text: `${at.text}[]`, positions: [...at.positions, position] },
            inside && { ...inside, path: [...inside.path, position] },
          ),
        );
      else
        for (const [key, each] of Object.entries(given))
          walk(each, { ...at, text: `${at.text}.${key}` }, inside && shape && memberOf(inside, shape, key));
    } else if (place === undefined) lost.push(`${at.text}: leads to no known member of ${mapping.call}`);
    else if (shape === undefined) lost.push(`${at.text}: no ${place.call} ${pathText(place.path)} is known`);
    else drafts.write(place, converted(given, shape), at.text);
  };

  const { tags: ownTags, ...inputs } = opened(resource.inputs);
  const top = drafts.place(mapping.base ?? '');
  const topShape = shapeOf(top);
  for (const [key, value] of Object.entries(inputs))
    walk(value, { text: key, positions: [] }, topShape && memberOf(top, topShape, key));

  const listed = Array.isArray(ownTags);
  const tags = listed ? tagsOfList(ownTags) : { ...defaultTags, ...(isRecord(ownTags) ? ownTags : {}) };
  if (mapping.tags === undefined || listed)
    walk(ownTags, { text: 'tags', positions: [] }, mapping.tags === undefined ? undefined : drafts.place(mapping.tags));
  else {
    const place = drafts.place(mapping.tags);
    const shape = shapeOf(place);
    if (shape === undefined) lost.push(`tags: no ${place.call} ${pathText(place.path)} is known`);
    else drafts.write(place, converted(tags, shape), 'tags');
  }

  for (const [target, example] of Object.entries(mapping.sends ?? {})) {
    const value: unknown =
      typeof example === 'function' ? (example as (of: SeenResource) => unknown)(resource) : example;
    if (!drafts.has(drafts.place(target).call)) continue;
    const list = target.indexOf('[]');
    const entries = list < 0 ? 1 : drafts.lengthAt(target.slice(0, list));
    for (let entry = 0; entry < entries; entry++) {
      const place = drafts.place(target, [entry]);
      if (drafts.valueAt(place) === undefined) drafts.write(place, value, BY_PROVIDER);
    }
  }
  return { requests: drafts.requests, lost, used, tags: mapping.tags === undefined ? {} : tags };
}

/** Whether the mapping has a row for a part of this input. */
const leadsBelow = (rows: readonly string[], text: string): boolean =>
  rows.some((row) => row.startsWith(`${text}.`) || row.startsWith(`${text}[]`));

/** Returns the place of the member with this name. Case and a final `s` do not matter. */
function memberOf({ call, path }: Place, shape: Shape, name: string): Place | undefined {
  const members = Object.keys(shape.members ?? {});
  const plain = (text: string): string => text.toLowerCase();
  const single = (text: string): string => plain(text).replace(/s$/, '');
  const member =
    members.find((each) => plain(each) === plain(name)) ?? members.find((each) => single(each) === single(name));
  return member === undefined ? undefined : { call, path: [...path, member] };
}

/** Converts a value to the type of the API, as the provider does. For example, a map becomes a list of names and values. */
function converted(value: unknown, shape: Shape): unknown {
  if (isRecord(value) && shape.type === 'list') {
    const pair = pairOf(shape.element);
    if (pair) return Object.entries(value).map(([name, each]) => ({ [pair[0]]: name, [pair[1]]: each }));
  }
  if (shape.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  const numeric =
    shape.type === 'integer' || shape.type === 'long' || shape.type === 'float' || shape.type === 'double';
  if (numeric && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return shape.type === 'string' && typeof value === 'number' ? String(value) : value;
}

const tagsOfList = (list: readonly unknown[]): Record<string, unknown> =>
  Object.fromEntries(list.filter(isRecord).map(({ key, value }) => [String(key), value]));
