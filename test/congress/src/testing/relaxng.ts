import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { resolve } from 'node:path';

/** The House's own schema, beside the checkout where the project is developed; never part of it. */
const SCHEMA = resolve(process.cwd(), '../shared/vectors/congress/cwc_schema_v2.rng');

export interface RelaxNgVerdict {
  /** Whether libxml2 could read it as XML at all. */
  parsed: boolean;
  valid: boolean;
}

/** `describe`, or with a clear word `describe.skip` where the schema is absent. */
export function describeWithRelaxNg(name: string, body: () => void): void {
  if (existsSync(SCHEMA)) return describe(name, body);
  process.stderr.write(`\nSKIPPED: "${name}" does not run: ../shared/vectors/congress/cwc_schema_v2.rng is absent\n`);
  describe.skip(name, body);
}

/** libxml2's verdict by the House's RELAX NG schema on each document, in one child process. */
export async function judgeByRelaxNg(documents: readonly string[]): Promise<RelaxNgVerdict[]> {
  const child = spawn(process.execPath, [
    resolve(process.cwd(), 'test/congress/src/testing/libxml2-process.mjs'),
    SCHEMA,
  ]);
  child.stdin.end(JSON.stringify(documents));
  const [out, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done) => child.once('close', done)),
  ]);
  if (code !== 0) throw new Error(`libxml2 judged nothing: ${errors.slice(-2000)}`);
  return JSON.parse(out) as RelaxNgVerdict[];
}
