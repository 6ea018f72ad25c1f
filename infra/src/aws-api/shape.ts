export const SHAPE_TYPES = [
  'structure',
  'list',
  'map',
  'string',
  'integer',
  'long',
  'float',
  'double',
  'boolean',
  'timestamp',
  'blob',
] as const;

/**
 * What AWS's model requires of one value in a request. An operation's input is a tree of shapes. `min` and `max` limit a number, a text's
 * characters, or the entries of a list or map.
 */
export interface Shape {
  readonly type: (typeof SHAPE_TYPES)[number];
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly pattern?: string | undefined;
  readonly enum?: readonly string[] | undefined;
  /** The required members of a structure. */
  readonly required?: readonly string[] | undefined;
  readonly members?: Readonly<Record<string, Shape>> | undefined;
  /** The shape of a list's elements. */
  readonly element?: Shape | undefined;
  /** The shape of a map's keys. */
  readonly key?: Shape | undefined;
  readonly value?: Shape | undefined;
}

/** The input shapes of AWS's operations, by `service:Operation`. */
export type Calls = Readonly<Record<string, Shape>>;

/** The steps to a value: names of members or keys, and positions in lists. */
export type Path = readonly (string | number)[];

/** @returns undefined if the model has no shape at this path */
export function shapeAt(root: Shape | undefined, path: Path): Shape | undefined {
  let at = root;
  for (const step of path)
    at = typeof step === 'number' ? at?.element : at?.type === 'map' ? at.value : at?.members?.[step];
  return at;
}

/** Returns the member names of a pair, such as a tag or a dimension. @returns undefined if the element is not a pair */
export function pairOf(element: Shape | undefined): readonly [name: string, value: string] | undefined {
  const members = Object.keys(element?.members ?? {});
  const name = members.find((member) => /^(key|tagkey|name)$/i.test(member));
  const value = members.find((member) => /^(value|tagvalue)$/i.test(member));
  return name === undefined || value === undefined ? undefined : [name, value];
}

/** The path as text, such as `Tags[2].Key`. */
export const pathText = (path: Path): string =>
  path.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${step}`)).join('');
