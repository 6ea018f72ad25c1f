import { workspaceRoot } from '@communique-tee/testing/harness';
import type { ErrorDetail } from 'libxml2-wasm';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SIMULATED_CHAMBERS, SIMULATED_CHAMBER_KEYS, type Chamber } from '../chambers';
import { escapeXml } from '../http/body';
import { parseXml, XmlRefused, type XmlElement } from './parse';
import { compileRelaxNg, type RelaxNgSchema } from './relaxng';

export type CwcJudgement = { valid: true; deliveryId: string; office: string } | { valid: false; errors: string[] };

/** Judges a document by the CWC 2.0 schema of one chamber. Errors name the place and the rule, never the value. */
export type CwcJudge = (bytes: Uint8Array, chamber: Chamber) => CwcJudgement;

const SCHEMA = 'test/congress/src/cwc/cwc-2.0.rng';
const MAX_ERRORS = 50;

/** Loads libxml2 and compiles `cwc-2.0.rng` for each chamber (about 0.1 s). */
export async function createCwcJudge(): Promise<CwcJudge> {
  const source = await readFile(join(workspaceRoot(), SCHEMA), 'utf8');
  const schemas = new Map<Chamber, RelaxNgSchema>();
  for (const chamber of SIMULATED_CHAMBER_KEYS) {
    const pattern = escapeXml(SIMULATED_CHAMBERS[chamber].memberOffice);
    schemas.set(chamber, await compileRelaxNg(source.replace('MEMBER_OFFICE', () => pattern)));
  }
  return (bytes, chamber) => {
    const schema = schemas.get(chamber);
    if (!schema) throw new Error(`no schema for the chamber ${chamber}`);
    return judge(bytes, schema);
  };
}

function judge(bytes: Uint8Array, schema: RelaxNgSchema): CwcJudgement {
  let root: XmlElement;
  try {
    root = parseXml(bytes); // refuses DTDs and too deep or too many elements before libxml2 sees them
  } catch (error) {
    if (error instanceof XmlRefused) return { valid: false, errors: [error.message] };
    throw error;
  }
  if (root.name !== 'CWC') return { valid: false, errors: [NO_CWC] };
  const result = schema.validate(bytes);
  if (!result.parsed) return { valid: false, errors: ['not well-formed'] };
  if (!result.valid) return { valid: false, errors: describe(result.problems, schema.elementNames) };
  return {
    valid: true,
    deliveryId: textAt(root, 'Delivery', 'DeliveryId'),
    office: textAt(root, 'Recipient', 'MemberOffice'),
  };
}

function textAt(root: XmlElement, ...names: string[]): string {
  let here: XmlElement | undefined = root;
  for (const name of names) here = here?.children.find((child) => child.name === name);
  return here?.text.trim() ?? '';
}

const NO_CWC = 'the root element is not CWC';
const UNLIKE_THE_SCHEMA = 'not as the schema requires';

/**
 * Returns one line for each place and problem, in our own words, because libxml2's messages quote the document. Only names from the schema
 * are repeated.
 */
function describe(problems: readonly ErrorDetail[], known: ReadonlySet<string>): string[] {
  const errors = new Map<string, Set<string>>();
  for (const { message, xpath } of problems) {
    if (xpath === undefined) continue;
    const names = xpath
      .split('/')
      .slice(1)
      .map((step) => step.replace(/\[[0-9]+\]$/, ''));
    const stranger = names.findIndex((name) => !known.has(name));
    const place = (stranger === -1 ? names : names.slice(0, stranger)).join('/');
    if (place === '') return [NO_CWC]; // the root element is in a namespace
    const here = errors.get(place) ?? new Set();
    errors.set(place, here);
    const problem = stranger === -1 ? problemIn(message, known) : 'holds something that does not belong there';
    if (problem !== null) here.add(problem);
  }
  const lines = [...errors].flatMap(([place, found]) =>
    (found.size === 0 ? [UNLIKE_THE_SCHEMA] : [...found]).map((problem) => `${place}: ${problem}`),
  );
  return lines.length === 0 ? [`CWC: ${UNLIKE_THE_SCHEMA}`] : lines.slice(0, MAX_ERRORS);
}

/** Returns what a message of libxml2's relaxng.c means, or null if the message only adds to another message. */
function problemIn(message: string, known: ReadonlySet<string>): string | null {
  if (/^Error validating (datatype|value) /.test(message)) return 'not of the required form';
  if (message.startsWith('Invalid attribute ')) return 'has attributes';
  if (/^Value element .* has child elements/.test(message)) return 'holds elements where text belongs';
  if (message.startsWith('Did not expect ')) return 'does not belong there';
  const missing = /^Expecting an element (\S*), got nothing/.exec(message)?.[1];
  if (missing === undefined) return null;
  return `${known.has(missing) ? missing : 'an element'} is missing, or another is in its place`;
}
