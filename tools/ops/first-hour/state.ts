import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { FACTS } from './step';

const outcome = z.object({
  verdict: z.enum(['proved', 'refuted', 'not reached']),
  observed: z.string(),
  at: z.string(),
  tookSeconds: z.number(),
});
const schema = z.object({
  stack: z.string(),
  began: z.string(),
  /** Whether the step that makes the stack was started. */
  made: z.boolean(),
  facts: z.partialRecord(z.enum(FACTS), z.string()),
  outcomes: z.record(z.string(), outcome),
});
export type Outcome = z.output<typeof outcome>;
export type State = z.output<typeof schema>;

const FILE = 'state.json';

/** @returns undefined if there is no state file @throws Error if the file is not a state of this stack */
export function readState(folder: string, stack: string): State | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let state;
  try {
    state = schema.safeParse(JSON.parse(text));
  } catch {
    state = undefined;
  }
  if (state?.data?.stack !== stack)
    throw new Error(`${join(folder, FILE)} is not the state of stack ${stack}; --restart discards it and begins again`);
  return state.data;
}

/** Writes the state atomically, and readable only by its owner, because the facts contain the account and addresses. */
export function writeState(folder: string, state: State): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, FILE);
  writeFileSync(`${file}.draft`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}
