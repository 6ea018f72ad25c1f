import { MESSAGE_STATUSES } from '@communique-tee/protocol';
import type { Violation } from '../judge/violation';
import { commandOf } from '../options';
import { PROCESSES } from '@communique-tee/test-system';
import { isClean, type Outcome } from './outcome';

const MAX_LISTED = 40;

/** Returns the run's figures, the first `MAX_LISTED` violations, and the command that repeats the run. */
export function describeOutcome(outcome: Outcome): string {
  const { options, phases, failures, sent, injected, struck } = outcome;
  const [first, second] = phases;
  const violations = [...failures, ...first.violations, ...second.violations];
  const count = (rule: Violation['rule']) =>
    String(second.violations.filter((violation) => violation.rule === rule).length);
  const accepted = sent.filter((message) => message.accepted > 0);
  const givenUp = Map.groupBy(
    sent.filter(({ givenUp }) => givenUp !== null),
    ({ givenUp }) => givenUp ?? '',
  );
  const lines: [string, string][] = [
    ['seed', String(options.seed)],
    ['Congress', options.deduplicates ? 'de-duplicates' : 'does not de-duplicate'],
    ['enclaves', `${String(options.enclaves)}, keys ${options.keys === 'sealed' ? 'sealed under KMS' : 'per process'}`],
    ['sealed and posted', String(sent.length)],
    ['  posts, repeated ones included', String(sent.reduce((total, { posts }) => total + posts, 0))],
    ['  answered with 202', String(accepted.length)],
    ...[...givenUp].map(([code, messages]): [string, string] => [`  given up: ${code}`, String(messages.length)]),
    ...MESSAGE_STATUSES.filter((status) => (first.ends[status] ?? 0) + (second.ends[status] ?? 0) > 0).map(
      (status): [string, string] => [
        `ended ${status}`,
        `${String(first.ends[status] ?? 0)}, after sealing again ${String(second.ends[status] ?? 0)}`,
      ],
    ),
    ...((second.ends['unknown'] ?? 0) === 0
      ? []
      : [['  of the unknown, no office has', String(second.unknownWithoutCopy)] satisfies [string, string]]),
    ...PROCESSES.map((process): [string, string] => [
      `SIGKILL ${process}`,
      process === 'redis' && !outcome.withRedis ? 'not available' : String(injected.kills[process]),
    ]),
    ...(injected.failedStarts.length === 0
      ? []
      : [['  starts tried again', String(injected.failedStarts.length)] satisfies [string, string]]),
    ['episodes of Congress', String(injected.episodes)],
    ...Object.entries(struck)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([kind, times]): [string, string] => [`  ${kind}`, String(times)]),
    ['receipts verified', String(second.receipts)],
    ['copies at Congress', `${String(first.copies)}, after sealing again ${String(second.copies)}`],
    ['duplicates', count('duplicate')],
    ['lost', count('lost')],
    ['steps compared with the model', `${String(outcome.trace.steps)}, in ${String(outcome.trace.checkedMs)} ms`],
    ['seconds', String(outcome.seconds)],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const table = lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
  return `\n${table}\n\n${
    isClean(outcome)
      ? 'The judge found nothing.'
      : describeViolations(
          violations,
          phases.every(({ quiet }) => quiet),
        )
  }\nThe same plan again: ${commandOf(options)}\n`;
}

function describeViolations(violations: readonly Violation[], quiet: boolean): string {
  const listed = violations.slice(0, MAX_LISTED).map(({ rule, about, detail }) => `  ${rule}  ${about}  ${detail}`);
  const more = violations.length > MAX_LISTED ? [`  ... and ${String(violations.length - MAX_LISTED)} more`] : [];
  return [
    ...(quiet ? [] : ['FOUND: the system did not come to rest in time.']),
    `FOUND: ${String(violations.length)} violations`,
    ...listed,
    ...more,
  ].join('\n');
}
