import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportRedactor } from './redact';
import type { State } from './state';
import type { Verdict } from './step';
import type { Theme } from './steps';

export interface Counted {
  readonly proved: number;
  readonly refuted: number;
  readonly notReached: number;
}

export function count(state: State, themes: readonly Theme[]): Counted {
  const verdicts = themes.flatMap(({ steps }) =>
    steps.map(({ name }) => state.outcomes[name]?.verdict ?? 'not reached'),
  );
  const of = (verdict: Verdict): number => verdicts.filter((each) => each === verdict).length;
  return { proved: of('proved'), refuted: of('refuted'), notReached: of('not reached') };
}

/** Writes `report.md` and `report.json` for the maintainers, and redacts accounts, machines and persons. @returns the paths of both */
export function writeReport(
  folder: string,
  state: State,
  themes: readonly Theme[],
  { version, commit }: { readonly version: string; readonly commit: string },
  redactor: ReportRedactor,
): readonly string[] {
  const counted = count(state, themes);
  const rows = themes.map(({ title, steps }) => ({
    title,
    steps: steps.map(({ name, shows, assumption, expected }) => {
      const { verdict = 'not reached', observed = 'not run', tookSeconds = 0 } = state.outcomes[name] ?? {};
      return { name, shows, assumption, expected, observed: redactor.clean(observed), verdict, tookSeconds };
    }),
  }));
  // The stack's name and the commit are not redacted: the name is public, and the commit tells what was tested.
  const json = { form: 1, stack: state.stack, version, commit, began: state.began, ...counted, themes: rows };
  const markdown = [
    `# The first hour of stack ${state.stack}`,
    '',
    `Version ${version}, commit ${commit}, begun ${state.began}. ${String(counted.proved)} proved, ${String(counted.refuted)} refuted, ${String(counted.notReached)} not reached.`,
    ...rows.flatMap(({ title, steps }) => [
      '',
      `## ${title}`,
      '',
      '| step | verdict | observed | seconds |',
      '|---|---|---|---:|',
      ...steps.map(
        ({ name, verdict, observed, tookSeconds }) =>
          `| ${name} | ${verdict} | ${observed.replaceAll('|', '/')} | ${String(tookSeconds)} |`,
      ),
    ]),
    '',
  ].join('\n');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = { 'report.md': markdown, 'report.json': `${JSON.stringify(json, undefined, 2)}\n` };
  return Object.entries(files).map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  });
}
