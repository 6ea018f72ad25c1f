import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compileRelaxNg } from '../cwc/relaxng';

/** The House's own schema. It lies beside the checkout on the developers' machines, and is never part of the repository. */
const SCHEMA = resolve(process.cwd(), '../shared/vectors/congress/cwc_schema_v2.rng');

export interface RelaxNgVerdict {
  /** Whether libxml2 could parse the document as XML. */
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
 * Returns libxml2's verdict on each document by the House's RELAX NG schema. `memberOffice`: another pattern for offices; the Senate's
 * schema differs only in this pattern.
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
