import { TRANSITIONS, type Effect, type Guard, type Transition } from './transitions';

/**
 * Returns the table of transitions as macros for delivery.pml: `can_<name>(s, m)` and `do_<name>(s, m)` for worker s and message m. The
 * flag `WEAK_<name>_<guard>` leaves out a guard, and `SKIP_<name>_<field>` leaves out an effect.
 */
export function promelaOfTransitions(): string {
  const macros = Object.entries<Transition>(TRANSITIONS).map(([name, transition]) => promelaOf(name, transition));
  return `/* Written from src/transitions.ts. */\n${macros.join('\n')}`;
}

function promelaOf(name: string, { code, when, then }: Transition): string {
  const guards = Object.entries(conditionsOf(when));
  const effects = Object.entries(assignmentsOf(then));
  const together = (parts: readonly [string, string][], kind: string, separator: string) =>
    parts.map(([part]) => `${name}_${kind}_${part}(s, m)`).join(separator);
  return [
    `/* ${code} */`,
    ...guards.flatMap(([guard, text]) => unless(`WEAK_${name}_${guard}`, `${name}_when_${guard}(s, m)`, text, 'true')),
    ...effects.flatMap(([field, text]) => unless(`SKIP_${name}_${field}`, `${name}_then_${field}(s, m)`, text, 'skip')),
    `#define can_${name}(s, m) (${together(guards, 'when', ' && ')})`,
    ...(effects.length === 0 ? [] : [`#define do_${name}(s, m) ${together(effects, 'then', '; ')}`]),
    '',
  ].join('\n');
}

function conditionsOf(when: Guard): Record<string, string> {
  return {
    ...(when.job !== undefined && { job: test(when.job, 'job[m]') }),
    ...(when.lease === 'own' && { lease: '(leaseOf[m] == s + 1)' }),
    ...(when.lease === 'free' && { lease: '(leaseOf[m] == 0 || leaseOver[m])' }),
    ...(when.inTime && { inTime: '(!leaseOver[m])' }),
    ...(when.relayed !== undefined && { relayed: test(when.relayed, 'relayed[m]') }),
    ...(when.dispatchedBefore !== undefined && {
      dispatchedBefore: test(when.dispatchedBefore, 'dispatchedBefore[s]'),
    }),
    ...(when.allRefused && { allRefused: 'allRefused[s]' }),
  };
}

function assignmentsOf({ job, leased, dispatched, relayed }: Effect): Record<string, string> {
  const written = (field: string, value: boolean | 'before') =>
    `${field}[m] = ${value === 'before' ? `(${field}[m] && ${field}Before[s])` : bit(value)}`;
  return {
    ...(job !== undefined && { job: `job[m] = ${bit(job)}` }),
    ...(leased !== undefined && { leased: `leaseOf[m] = ${leased ? 's + 1' : '0'}; leaseOver[m] = 0` }),
    ...(dispatched !== undefined && { dispatched: written('dispatched', dispatched) }),
    ...(relayed !== undefined && { relayed: written('relayed', relayed) }),
  };
}

function unless(flag: string, head: string, text: string, otherwise: string): string[] {
  return [`#ifdef ${flag}`, `#define ${head} ${otherwise}`, '#else', `#define ${head} ${text}`, '#endif'];
}

const test = (value: boolean, bit: string): string => (value ? bit : `(!${bit})`);
const bit = (value: boolean): string => (value ? '1' : '0');
