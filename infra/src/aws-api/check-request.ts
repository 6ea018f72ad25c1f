import { fullMatch } from './pattern';
import { pathText, type Path, type Shape } from './shape';

export interface Fault {
  readonly path: Path;
  /** The kind of constraint that is broken. */
  readonly kind: 'type' | 'member' | 'required' | 'length' | 'count' | 'range' | 'pattern' | 'enum';
  readonly said: string;
}

const patterns = new Map<string, RegExp>();

function matches(pattern: string, text: string): boolean {
  const known = patterns.get(pattern) ?? fullMatch(pattern);
  patterns.set(pattern, known);
  return known.test(text);
}

/** The number of characters as AWS counts them: a pair of surrogates is one character. */
export const charactersOf = (text: string): number => [...text].length;

/** @returns everything in this request that AWS's model of the operation does not allow */
export function checkRequest(shape: Shape, value: unknown, path: Path = []): Fault[] {
  const fault = (kind: Fault['kind'], said: string): Fault => ({ path, kind, said });
  const wrongType = (): Fault[] => [fault('type', `is ${typeName(value)}, not ${shape.type}`)];
  switch (shape.type) {
    case 'structure': {
      if (!isRecord(value)) return wrongType();
      return [
        ...(shape.required ?? [])
          .filter((member) => value[member] === undefined)
          .map((member): Fault => ({ path: [...path, member], kind: 'required', said: 'is required' })),
        ...Object.entries(value).flatMap(([member, each]): Fault[] => {
          const of = shape.members?.[member];
          if (of === undefined)
            return [{ path: [...path, member], kind: 'member', said: 'is no member of AWS’s model' }];
          return checkRequest(of, each, [...path, member]);
        }),
      ];
    }
    case 'list': {
      const { element } = shape;
      if (!Array.isArray(value) || element === undefined) return wrongType();
      return [
        ...bounds(shape, value.length, 'entries', (said) => fault('count', said)),
        ...value.flatMap((each, at) => checkRequest(element, each, [...path, at])),
      ];
    }
    case 'map': {
      const { key, value: of } = shape;
      if (!isRecord(value) || key === undefined || of === undefined) return wrongType();
      return [
        ...bounds(shape, Object.keys(value).length, 'entries', (said) => fault('count', said)),
        ...Object.entries(value).flatMap(([name, each]) => [
          ...checkRequest(key, name, [...path, name]),
          ...checkRequest(of, each, [...path, name]),
        ]),
      ];
    }
    case 'string':
      if (typeof value !== 'string') return wrongType();
      return [
        ...bounds(shape, charactersOf(value), 'characters', (said) => fault('length', said)),
        ...(shape.pattern === undefined || matches(shape.pattern, value)
          ? []
          : [fault('pattern', `${shown(value)} does not match ${shape.pattern}`)]),
        ...(shape.enum === undefined || shape.enum.includes(value)
          ? []
          : [fault('enum', `${shown(value)} is none of ${shape.enum.slice(0, 12).join(', ')}`)]),
      ];
    case 'integer':
    case 'long':
      if (!Number.isInteger(value)) return wrongType();
      return bounds(shape, Number(value), '', (said) => fault('range', said));
    case 'float':
    case 'double':
      if (typeof value !== 'number' || !Number.isFinite(value)) return wrongType();
      return bounds(shape, value, '', (said) => fault('range', said));
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrongType();
    case 'blob':
    case 'timestamp':
      return typeof value === 'string' ? [] : wrongType();
  }
}

function bounds({ min, max }: Shape, actual: number, unit: string, fault: (said: string) => Fault): Fault[] {
  const has = [actual, unit].filter((part) => part !== '').join(' ');
  return [
    ...(min !== undefined && actual < min ? [fault(`${has}: at least ${min}`)] : []),
    ...(max !== undefined && actual > max ? [fault(`${has}: at most ${max}`)] : []),
  ];
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const typeName = (value: unknown): string => (Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value);
const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** The fault as a text, such as `ec2:CreateSubnet CidrBlock: is required`. */
export const faultText = (call: string, { path, said }: Fault): string =>
  `${[call, pathText(path)].filter((part) => part !== '').join(' ')}: ${said}`;
