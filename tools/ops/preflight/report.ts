import { GROUPS, type Finding, type Group, type Status } from './check';
import type { Redactor } from './redactor';
import type { Outcome } from './runner/run-checks';

const TITLES: Readonly<Record<Group, string>> = {
  here: 'On this machine',
  aws: 'In the AWS account',
  names: 'Names',
  stores: 'Stores',
  providers: 'AI providers',
  congress: 'Congress',
};
const WORDS: Readonly<Record<Status, string>> = { pass: 'pass', warn: 'warn', fail: 'FAIL', skip: 'skip' };
const COLOURS: Readonly<Record<Status, number>> = { pass: 32, warn: 33, fail: 31, skip: 90 };
const NAME_WIDTH = 18;

export type Counts = Readonly<Record<Status, number>>;

export function count(outcomes: readonly Outcome[]): Counts {
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0 };
  for (const { findings } of outcomes) for (const { status } of findings) counts[status] += 1;
  return counts;
}

/** Returns each check's lines as soon as all checks before it are done, so that the report has the order of the checks. */
export class TextReport {
  readonly #done = new Map<string, Outcome>();
  readonly #names: readonly string[];
  #next = 0;
  #group: Group | undefined;

  constructor(
    names: readonly string[],
    private readonly colour: boolean,
    private readonly redactor: Redactor,
  ) {
    this.#names = names;
  }

  take(outcome: Outcome): string {
    this.#done.set(outcome.check.name, outcome);
    let text = '';
    for (;;) {
      const name = this.#names[this.#next];
      const ready = name === undefined ? undefined : this.#done.get(name);
      if (ready === undefined) return text;
      this.#next += 1;
      text += this.#lines(ready);
    }
  }

  end(counts: Counts, tookMs: number): string {
    const parts = [
      `${String(counts.pass)} passed`,
      counts.warn === 1 ? '1 warning' : `${String(counts.warn)} warnings`,
      `${String(counts.fail)} failed`,
      `${String(counts.skip)} skipped`,
    ];
    return `\n${parts.join(', ')} (${(tookMs / 1000).toFixed(1)} s)\n`;
  }

  #lines({ check, findings }: Outcome): string {
    let text = '';
    if (check.group !== this.#group) text += `${this.#group === undefined ? '' : '\n'}${TITLES[check.group]}\n`;
    this.#group = check.group;
    for (const [at, { status, found, todo, command }] of findings.entries()) {
      text += `  ${this.#painted(status)}  ${(at === 0 ? check.name : '').padEnd(NAME_WIDTH)} ${this.redactor.clean(oneLine(found))}\n`;
      const indent = ' '.repeat(NAME_WIDTH + 9);
      if (todo !== undefined) text += `${indent}-> ${this.redactor.clean(oneLine(todo))}\n`;
      if (command !== undefined) text += `${indent}   ${this.redactor.clean(oneLine(command))}\n`;
    }
    return text;
  }

  #painted(status: Status): string {
    return this.colour ? `\u001b[${String(COLOURS[status])}m${WORDS[status]}\u001b[0m` : WORDS[status];
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

export function asJson(stack: string, before: string, outcomes: readonly Outcome[], redactor: Redactor): string {
  const cleaned = ({ status, found, todo, command }: Finding) => ({
    status,
    found: redactor.clean(oneLine(found)),
    ...(todo !== undefined && { todo: redactor.clean(oneLine(todo)) }),
    ...(command !== undefined && { command: redactor.clean(oneLine(command)) }),
  });
  const checks = outcomes.flatMap(({ check: { name, group }, findings, tookMs }) =>
    findings.map((one) => ({ check: name, group, ...cleaned(one), tookMs })),
  );
  return `${JSON.stringify({ stack, before, ...count(outcomes), checks }, undefined, 2)}\n`;
}

/** Sorts the checks by group, in the order of the report. */
export const inOrder = <T extends { readonly group: Group }>(checks: readonly T[]): T[] =>
  [...checks].sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
