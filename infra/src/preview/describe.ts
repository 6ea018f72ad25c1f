import type { SeenResource } from '../mock-aws';
import { PROJECT } from '../names';

/** Inputs that a preview omits: long, secret, or shown elsewhere. */
const LEFT_OUT = new Set([
  'tags',
  'tagSpecifications',
  'policy',
  'assumeRolePolicy',
  'userData',
  'contentBase64',
  'source',
  'dashboardBody',
  'buildspec',
  '__defaults',
  'authTokenWo',
  'secretStringWo',
  'defaultTags',
]);
const SECRET = /password|authToken|secretString/i;
const LONGEST = 60;

export interface Described {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** The resources that would be created, without secrets, and without components, which only group resources. */
export function describe(resources: readonly SeenResource[]): Described[] {
  return resources
    .filter(({ type }) => !type.startsWith(`${PROJECT}:`))
    .map(({ type, name, inputs }) => ({
      type: shortType(type),
      name,
      inputs: Object.fromEntries(
        Object.entries(inputs).filter(([key, value]) => !LEFT_OUT.has(key) && !SECRET.test(key) && value !== undefined),
      ),
    }))
    .sort((a, b) => a.type.localeCompare(b.type) || a.name.localeCompare(b.name));
}

/** The short type: `ec2.Vpc` for `aws:ec2/vpc:Vpc`. */
const shortType = (type: string): string => {
  const [, path = '', last = ''] = type.split(':');
  return type.startsWith('aws:') ? `${path.split('/')[0]}.${last}` : type;
};

export function asLines(described: readonly Described[]): string {
  return described
    .map(({ type, name, inputs }) => {
      const shown = Object.entries(inputs)
        .filter(([key]) => key !== 'name')
        .map(([key, value]) => `${key}=${shorten(value)}`)
        .filter((text) => text.length < 2 * LONGEST);
      return `+ ${type}  ${name}\n${shown.length > 0 ? `    ${shown.join('  ')}\n` : ''}`;
    })
    .join('');
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
