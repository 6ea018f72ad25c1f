import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compileRelaxNg } from '../cwc/relaxng';

/** The House's own schema, beside the checkout where the project is developed; never part of it. */
const SCHEMA = resolve(process.cwd(), '../shared/vectors/congress/cwc_schema_v2.rng');

export interface RelaxNgVerdict {
  /** Whether libxml2 could read it as XML at all. */
  parsed: boolean;
  valid: boolean;
}

/** `describe`, or `describe.skip` with a message if the schema is missing. */
export function describeWithRelaxNg(name: string, body: () => void): void {
  if (existsSync(SCHEMA)) return describe(name, body);
  process.stderr.write(`\nSKIPPED: "${name}" does not run: ../shared/vectors/congress/cwc_schema_v2.rng is absent\n`);
  describe.skip(name, body);
}

/**
 * libxml2's verdict by the House's RELAX NG schema on each document. `memberOffice`: another pattern of offices, which is all that
 * differs in the Senate's schema.
 */
export async function judgeByRelaxNg(documents: readonly string[], memberOffice?: string): Promise<RelaxNgVerdict[]> {
  const house = readFileSync(SCHEMA, 'utf8');
  const pattern = /(<element name="MemberOffice">\s*<data type="token">\s*<param name="pattern">)[^<]*/;
  if (!pattern.test(house)) throw new Error("the House's schema has no pattern of MemberOffice");
  const { validate } = await compileRelaxNg(
    memberOffice === undefined ? house : house.replace(pattern, (_, before: string) => `${before}${memberOffice}`),
  );
  return documents.map((document) => {
    const result = validate(new TextEncoder().encode(document));
    return { parsed: result.parsed, valid: result.parsed && result.valid };
  });
}
