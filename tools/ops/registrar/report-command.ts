import type { Streams } from '@communique-tee/command-line';
import { stateOf, type RegistrationState } from './people/registration-rules';
import type { Registrar } from './registrar';
import { counted } from './counted';
import { hasEnded } from './requests/district-cell';

/** The commands registrar list and registrar check. */

export interface ListOptions {
  readonly json?: boolean;
}

const STATE_TEXTS: Readonly<Record<RegistrationState, string>> = {
  revoked: 'revoked',
  published: 'published',
  'next publication': 'in the next root',
  waits: 'waits until every root with an older commitment of this person has ended',
};
/** The operator has to publish again after a week, when half of the root's two weeks are over. */
const RENEW_SECONDS = 7 * 86_400;

export function list({ register }: Registrar, { json }: ListOptions, now: number, streams: Streams): number {
  const people = [...register.people.values()].map(({ person, registration }) => ({
    person,
    district: registration?.district ?? null,
    standing: stateOf(register, registration, now),
    publishedFrom: registration?.from ?? null,
  }));
  if (json === true) streams.out(`${JSON.stringify({ people })}\n`);
  else
    for (const each of people) streams.out(`${each.person}  ${each.district ?? '-'}  ${STATE_TEXTS[each.standing]}\n`);
  return 0;
}

const peopleAre = (count: number): string => `${counted(count, 'person')} ${count === 1 ? 'is' : 'are'}`;

/** @returns 0, or 1 if the operator has to do something */
export function check(
  open: Registrar,
  { to, json }: { readonly to?: string; readonly json?: boolean },
  now: number,
  streams: Streams,
): number {
  const { register } = open;
  const people = [...register.people.values()].flatMap(({ registration }) => registration ?? []);
  const ended = people.filter(({ district }) => hasEnded(district, now)).length;
  const root = register.roots.at(-1) ?? null;
  const changed = people.filter((each) => stateOf(register, each, now) === 'next publication').length;
  const waiting = people.filter((each) => stateOf(register, each, now) === 'waits').length;
  const leaving = [...register.people.values()].filter(({ former }) =>
    former.some(({ until }) => root !== null && until >= root.notAfter),
  ).length;
  const commands = [...open.log()].length;
  const keys = open.verifierKeys();

  const needs: string[] = [];
  if (!keys.some(({ signs }) => signs)) needs.push('there is no signing key: registrar key make');
  if (root === null) needs.push('nothing was published yet: registrar publish');
  else if (root.notAfter <= now) needs.push('the last root has ended, so people cannot prove: registrar publish');
  else if (root.notAfter - now < RENEW_SECONDS) needs.push('the root ends within a week: registrar publish');
  if (changed > 0) needs.push(`${peopleAre(changed)} not in a root yet: registrar publish`);
  if (leaving > 0)
    needs.push(`the last root has a revoked or replaced entry of ${counted(leaving, 'person')}: registrar publish`);
  if (ended > 0)
    needs.push(`${peopleAre(ended)} registered in a district of a Congress that has ended: registrar move`);
  if (to !== undefined && root !== null && open.publishedIn(to)?.root !== root.root)
    needs.push(`root.note in ${to} is not the note of the last root: registrar publish`);

  const summary = {
    registrar: register.registrar,
    people: people.length,
    files: register.files,
    waiting,
    commands,
    root,
    needs,
  };
  if (json === true) streams.out(`${JSON.stringify(summary)}\n`);
  else {
    streams.out(`${register.registrar}: ${counted(people.length, 'person')} in ${counted(register.files, 'file')}, `);
    streams.out(`${String(waiting)} waiting, ${counted(commands, 'command')} in the log\n`);
    if (root !== null) streams.out(`root ${root.root}, valid until ${new Date(root.notAfter * 1000).toISOString()}\n`);
    for (const need of needs) streams.out(`! ${need}\n`);
  }
  return needs.length === 0 ? 0 : 1;
}
