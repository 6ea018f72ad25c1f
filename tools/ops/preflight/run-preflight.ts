import { UsageError } from '@communique-tee/command-line';
import { readOptions, type PreflightOptions } from './arguments';
import { CHECKS } from './checks';
import type { Check } from './check';
import { messageOf } from './error-code';
import { readStackFile, type StackFile } from './plan/stack-file';
import type { Ports } from './ports';
import { Redactor } from './redactor';
import { asJson, count, inOrder, TextReport } from './report';
import { Facts } from './runner/facts';
import { Progress } from './runner/progress';
import { runChecks } from './runner/run-checks';

export interface Streams {
  out(text: string): void;
  err(text: string): void;
  /** Whether `out` shows colors. */
  readonly colour: boolean;
  /** Whether a line on `err` can be removed again. */
  readonly progress: boolean;
}

const CONCURRENCY = 8;
const DEFAULT_REGION = 'us-east-1';

/** @returns the exit code: 0 nothing failed, 1 something failed, 2 the options or the stack's file could not be read */
export async function runPreflight(
  options: PreflightOptions,
  ports: Ports,
  streams: Streams,
  all: readonly Check[] = CHECKS,
): Promise<number> {
  const redactor = new Redactor();
  redactor.addEnvironment(ports.env);
  const known = inOrder(all);
  let given;
  let stackFile: StackFile;
  try {
    given = readOptions(
      options,
      known.map(({ name }) => name),
    );
    stackFile = readStackFile(ports.root, given.stack, given.config, (secret) => {
      redactor.add(secret);
    });
  } catch (error) {
    streams.err(
      `${redactor.clean(messageOf(error))}\n${error instanceof UsageError ? 'npm run ops -- preflight --help lists what it takes.\n' : ''}`,
    );
    return 2;
  }
  const { stack, before, only, leaveOut, offline, json, limitMs } = given;
  const region = stackFile.region ?? DEFAULT_REGION;
  const checks = known.filter(({ name }) => (only.length === 0 || only.includes(name)) && !leaveOut.includes(name));
  const report = new TextReport(
    checks.map(({ name }) => name),
    streams.colour,
    redactor,
  );
  const progress = new Progress(
    !json && streams.progress
      ? (text) => {
          streams.err(text);
        }
      : undefined,
    ports.nowMs,
  );
  const startedMs = ports.nowMs();
  if (!json)
    streams.out(`Preflight of stack ${stack}, before ${before === 'up' ? 'pulumi up' : 'opening to the public'}\n\n`);
  const outcomes = await runChecks({
    checks,
    facts: new Facts(ports, stack, stackFile, region, limitMs, offline),
    context: { stack, stackFile, region, before, ports, redactor },
    offline,
    limitMs,
    concurrency: CONCURRENCY,
    onStart: (check) => {
      progress.start(check);
    },
    onEnd: (outcome) => {
      progress.end(outcome.check);
      if (json) return;
      progress.clear();
      streams.out(report.take(outcome));
    },
  });
  progress.stop();
  const counts = count(outcomes);
  streams.out(json ? asJson(stack, before, outcomes, redactor) : report.end(counts, ports.nowMs() - startedMs));
  return counts.fail > 0 ? 1 : 0;
}
