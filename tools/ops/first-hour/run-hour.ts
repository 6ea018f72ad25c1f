import { count, writeReport } from './report';
import type { Ports } from './ports';
import { ReportRedactor } from './redact';
import { writeState, type State } from './state';
import { notReached, type Seen, type Step } from './step';
import { REMOVAL, type Theme } from './steps';

export const EXIT = { proved: 0, refuted: 1, incomplete: 3 } as const;

export interface Hour {
  readonly stack: string;
  readonly region: string;
  readonly domain: string;
  readonly folder: string;
  readonly yes: boolean;
  /** The command line that continues this run. */
  readonly again: string;
}

/** Runs in order the steps that are not yet proved or refuted, and writes the state after each. @returns the exit code */
export async function runHour(hour: Hour, state: State, themes: readonly Theme[], ports: Ports): Promise<number> {
  const redactor = new ReportRedactor(ports.env, hour.domain);
  redactor.addFacts(state.facts);
  const interruption = new AbortController();
  const stop = ports.onInterrupt(() => {
    interruption.abort();
  });
  let ended = firstEnd(state, themes);
  for (const { title, steps } of themes) {
    ports.out(`\n== ${title}\n`);
    for (const step of steps) {
      if (interruption.signal.aborted) break;
      const before = state.outcomes[step.name];
      if (before !== undefined && before.verdict !== 'not reached') {
        ports.out(`\n${step.name}: ${before.verdict} already (${before.at})\n`);
        continue;
      }
      const beganMs = ports.nowMs();
      const waits = ended !== undefined && title !== REMOVAL && ended !== step.name;
      const seen = waits
        ? notReached(`the step ${ended ?? ''} comes first`)
        : await runStep(step, hour, state, ports, interruption.signal);
      // An interrupted step gets no verdict, so it runs again in the next run.
      if (interruption.signal.aborted && seen.verdict !== 'proved') break;
      const { verdict, facts } = seen;
      Object.assign(state.facts, facts);
      redactor.addFacts(state.facts);
      const observed = redactor.clean(seen.observed);
      const tookSeconds = Math.round((ports.nowMs() - beganMs) / 1000);
      state.outcomes[step.name] = { verdict, observed, at: new Date(ports.nowMs()).toISOString(), tookSeconds };
      writeState(hour.folder, state);
      ports.out(`  observed  ${observed}\n  verdict   ${verdict.toUpperCase()}\n`);
      if (step.ends === true && !waits) ended = verdict === 'proved' ? undefined : step.name;
    }
  }
  stop();
  writeState(hour.folder, state);
  const files = writeReport(hour.folder, state, themes, ports.source(), redactor);
  const counted = count(state, themes);
  ports.out(
    `\n${String(counted.proved)} proved, ${String(counted.refuted)} refuted, ${String(counted.notReached)} not reached\nThe report, without secrets: ${files.join(', ')}\n`,
  );
  if (interruption.signal.aborted || counted.notReached > 0)
    ports.err(
      `${interruption.signal.aborted ? 'Interrupted' : 'Not complete'}. Continue with: ${hour.again}\n${mustBeRemoved(state) ? `The stack costs money until it is removed: pulumi destroy --refresh --stack ${hour.stack}\n` : ''}`,
    );
  if (interruption.signal.aborted) return EXIT.incomplete;
  if (counted.refuted > 0) return EXIT.refuted;
  return counted.notReached > 0 ? EXIT.incomplete : EXIT.proved;
}

/** The first step with `ends` whose outcome is not `proved`. Later steps wait for it. */
const firstEnd = (state: State, themes: readonly Theme[]): string | undefined =>
  themes
    .flatMap(({ steps }) => steps)
    .find(
      ({ name, ends }) =>
        ends === true && state.outcomes[name] !== undefined && state.outcomes[name].verdict !== 'proved',
    )?.name;

const mustBeRemoved = ({ made, outcomes }: State): boolean => made && outcomes['destroy']?.verdict !== 'proved';

const DECLINED = 'the operator did not agree to this step';

async function runStep(step: Step, hour: Hour, state: State, ports: Ports, signal: AbortSignal): Promise<Seen> {
  const { name, shows, assumption, command, expected, changes, needs = [], again, question } = step;
  ports.out(
    `\n${name}: ${shows}\n  unproven  ${assumption}\n  command   ${command}\n  expected  ${expected}\n${changes === undefined ? '' : `  changes   ${changes}\n`}`,
  );
  const missing = needs.filter((fact) => state.facts[fact] === undefined);
  if (missing.length > 0) return notReached(`an earlier step did not find ${missing.join(', ')}`);
  if (step.stack === 'removes' && !state.made) return notReached('nothing was made, so nothing is removed');
  if (changes !== undefined && !hour.yes) {
    const agreed = await ports.ask('Run it?');
    if (agreed !== true) return notReached(DECLINED);
  }
  const env = {
    STACK: hour.stack,
    DOMAIN: hour.domain,
    AWS_REGION: hour.region,
    AWS_DEFAULT_REGION: hour.region,
    AWS_PAGER: '',
    ...state.facts,
  };
  if (step.stack === 'makes') {
    state.made = true;
    writeState(hour.folder, state);
  }
  const untilMs = ports.nowMs() + (again?.forMinutes ?? 0) * 60_000;
  for (;;) {
    const seen = step.judge(await ports.run(command, env, { shown: step.shown === true }), state.facts);
    if (seen.verdict === 'proved' && question !== undefined) {
      const answer = await ports.ask(question);
      if (answer === undefined) return notReached('no person was asked');
      return answer ? seen : { verdict: 'refuted', observed: 'a person says no' };
    }
    if (seen.verdict !== 'not reached' || again === undefined || signal.aborted) return seen;
    if (ports.nowMs() + again.everySeconds * 1000 > untilMs) return seen;
    await ports.pause(again.everySeconds, signal);
  }
}
