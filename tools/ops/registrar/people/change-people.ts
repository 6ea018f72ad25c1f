import { fieldToHex, randomField } from '@communique-tee/residence';
import { randomInt } from 'node:crypto';
import type { Person, Register, Registration } from '../register/register';
import { Places, type RandomBelow } from '../register/places';
import { RegistrarError, refuseIf, type Problem } from '../registrar-error';
import { readDistrict } from '../requests/district-cell';
import { likenessOf, readBirthDate } from '../requests/likeness';
import type { Move, Request } from '../requests/read-requests';
import type { Finding } from '../residence/residence-check';
import { formerOf, endOfForgettableEntries, ownersOf, placesOf, publishableFrom } from './registration-rules';

/**
 * `moved`: same commitment, new district and salt. `renewed`: new commitment, or registered again after a revocation. `unchanged`: same
 * commitment and district.
 */
export type ChangeKind = 'new' | 'moved' | 'renewed' | 'unchanged' | 'revoked';

export interface Change {
  readonly kind: ChangeKind;
  readonly person: string;
  /** null if the person was revoked. */
  readonly registration: Registration | null;
}

export interface Changed {
  readonly register: Register;
  readonly changes: readonly Change[];
}

export interface Randomness {
  readonly below: RandomBelow;
  /** A salt: 64 hex digits. */
  readonly salt: () => string;
}

export const systemRandomness: Randomness = {
  below: (bound) => randomInt(bound),
  salt: () => fieldToHex(randomField()),
};

const NOTHING = 'Nothing was registered.';

interface Asked extends Request {
  readonly wantedDistrict: string;
  readonly likeness: string | null;
}

/**
 * Registers all of these people, or none.
 * @param findings the results of the check of residence, in the order of the requests; null: the requests name the districts
 * @param now Unix seconds
 * @throws RegistrarError `ERR_REGISTRAR_REFUSED` with every line that is wrong; `ERR_REGISTRAR_STATE` if the tree is full
 */
export function addPeople(
  register: Register,
  requests: readonly Request[],
  findings: readonly Finding[] | null,
  now: number,
  random: Randomness,
): Changed {
  const problems: Problem[] = [];
  const asked: Asked[] = [];
  requests.forEach((request, at) => {
    const one = applied(request, findings === null ? undefined : findings[at], register, now);
    if ('wrong' in one) problems.push({ line: request.line, text: one.wrong });
    else asked.push(one);
  });
  problems.push(...conflicts(register, asked), ...likelyDuplicates(register, asked));
  refuseIf(problems, NOTHING);

  const people = new Map(register.people);
  const places = new Places(placesOf(people), register.files, random.below);
  const changes = asked.map((request): Change => {
    const before = people.get(request.person);
    const { person, commitment, wantedDistrict: district, likeness } = request;
    const old = before?.registration;
    if (old?.commitment === commitment && old.district === district) {
      people.set(person, {
        person,
        former: before?.former ?? [],
        registration: old,
        likeness: likeness ?? before?.likeness ?? null,
      });
      return { kind: 'unchanged', person, registration: old };
    }
    const moved = old?.commitment === commitment;
    const former = before === undefined ? [] : formerOf(register, before);
    const from = moved
      ? old.from
      : Math.max(publishableFrom(former, commitment), newHere(before, commitment, register));
    const registration: Registration = {
      commitment,
      district,
      salt: random.salt(),
      // A person who moved keeps the place. A new commitment gets a new place, so that the host of the files cannot see which old commitment
      // it replaces.
      index: moved ? old.index : places.draw(),
      since: register.publications,
      from,
    };
    people.set(person, { person, registration, former, likeness: likeness ?? before?.likeness ?? null });
    return { kind: moved ? 'moved' : before === undefined ? 'new' : 'renewed', person, registration };
  });
  return { register: { ...register, people, files: places.files }, changes };
}

/**
 * Gives all of these people a new district and salt, or none of them. Used for people who moved, and for everyone when a new Congress
 * begins. Commitments stay, so a person still cannot send twice in a campaign.
 * @throws RegistrarError `ERR_REGISTRAR_REFUSED` with every line that is wrong
 */
export function movePeople(register: Register, moves: readonly Move[], now: number, random: Randomness): Changed {
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  const people = new Map(register.people);
  const changes: Change[] = [];
  for (const { line, person, district: cell } of moves) {
    const before = people.get(person);
    const old = before?.registration ?? null;
    const read = readDistrict(cell, now);
    const wrong = repeated(seen, person, line) ?? ('wrong' in read ? read.wrong : null);
    if (wrong !== null || before === undefined || old === null || 'wrong' in read) {
      problems.push({ line, text: wrong ?? `${person} is not registered` });
      continue;
    }
    if (old.district === read.district) {
      changes.push({ kind: 'unchanged', person, registration: old });
      continue;
    }
    const registration = { ...old, district: read.district, salt: random.salt(), since: register.publications };
    people.set(person, { ...before, registration, former: formerOf(register, before) });
    changes.push({ kind: 'moved', person, registration });
  }
  refuseIf(problems, 'No one was moved.');
  return { register: { ...register, people }, changes };
}

/** Revokes a person. @throws RegistrarError `ERR_REGISTRAR_STATE` if the person is not registered */
export function revokePerson(register: Register, person: string): Changed {
  const before = register.people.get(person);
  if (before === undefined || before.registration === null)
    throw new RegistrarError('ERR_REGISTRAR_STATE', `${person} is not registered. Nothing was changed.`);
  const people = new Map(register.people);
  people.set(person, { ...before, registration: null, former: formerOf(register, before) });
  return { register: { ...register, people }, changes: [{ kind: 'revoked', person, registration: null }] };
}

/** Deletes each former commitment and each revoked person after the last root that contained them has ended. */
export function forgetEnded(register: Register, now: number): Register {
  const over = endOfForgettableEntries(register, now);
  const people = new Map<string, Person>();
  for (const each of register.people.values()) {
    const former = each.former.filter(({ until }) => until >= over);
    if (each.registration !== null || former.length > 0) people.set(each.person, { ...each, former });
  }
  return { ...register, people };
}

/** Returns the request with the district and the likeness that follow from the check of residence, or what is wrong. */
function applied(
  request: Request,
  found: Finding | undefined,
  { likenessKey }: Register,
  now: number,
): Asked | { readonly wrong: string } {
  if (found !== undefined && 'refused' in found) return { wrong: `${request.person}: ${found.refused}` };
  const cell = found?.district ?? request.district;
  if (cell === null) return { wrong: 'no district' };
  const read = readDistrict(cell, now);
  if ('wrong' in read) return read;
  if (request.district !== null && request.district !== cell)
    return { wrong: 'the file names another district than the check of residence' };
  const [name, born] = [found?.name ?? request.name, found?.born ?? request.born];
  if (name === null || born === null) return { ...request, wantedDistrict: read.district, likeness: null };
  const date = readBirthDate(born);
  if (date === null) return { wrong: 'the birth date is not of the form 1980-02-01 or 2/1/1980' };
  return { ...request, wantedDistrict: read.district, likeness: likenessOf(name, date, likenessKey) };
}

/**
 * Returns a problem for each line that repeats a person or a commitment, or has another person's commitment. A problem never names that
 * other person.
 */
function conflicts(register: Register, asked: readonly Asked[]): Problem[] {
  const owners = ownersOf(register.people);
  const people = new Map<string, number>();
  const commitments = new Map<string, number>();
  const problems: Problem[] = [];
  for (const { line, person, commitment } of asked) {
    const twice = repeated(people, person, line);
    const owner = owners.get(commitment);
    const first = commitments.get(commitment);
    if (twice !== null) problems.push({ line, text: twice });
    else if (owner !== undefined && owner !== person)
      problems.push({ line, text: 'this commitment is registered already, not for this person' });
    else if (first !== undefined) problems.push({ line, text: `the same commitment as in line ${String(first)}` });
    commitments.set(commitment, first ?? line);
  }
  return problems;
}

/**
 * Returns a problem for each line with the name and birth date of another person, unless the operator has decided that they are two people.
 */
function likelyDuplicates(register: Register, asked: readonly Asked[]): Problem[] {
  const alike = new Map<string, { person: string; line: number | null }[]>();
  const enter = (likeness: string | null, person: string, line: number | null): void => {
    if (likeness === null) return;
    const before = (alike.get(likeness) ?? []).filter((each) => each.person !== person);
    alike.set(likeness, [...before, { person, line }]);
  };
  for (const { person, likeness } of register.people.values()) enter(likeness, person, null);
  for (const { person, likeness, line } of asked) enter(likeness, person, line);
  const problems: Problem[] = [];
  for (const { person, likeness, line, distinct } of asked) {
    const others = likeness === null ? [] : (alike.get(likeness) ?? []).filter((each) => each.person !== person);
    // The operator has already decided about people who are registered with this likeness.
    const known = register.people.get(person)?.likeness === likeness;
    if (distinct || known || others.length === 0) continue;
    const where = others.map((other) =>
      other.line === null ? other.person : `${other.person} (line ${String(other.line)})`,
    );
    problems.push({
      line,
      text: `${person} has the name and the birth date of ${where.join(', ')}: use one id if they are one person, or write yes in the column distinct`,
    });
  }
  return problems;
}

function repeated(seen: Map<string, number>, person: string, line: number): string | null {
  const first = seen.get(person);
  if (first === undefined) seen.set(person, line);
  return first === undefined ? null : `${person} is in line ${String(first)} too`;
}

/**
 * Returns the earliest `notBefore` of a root that may contain this commitment; 0 if the register already has it for this person. After a
 * restore, an unknown root may contain another commitment of the same person.
 */
function newHere(before: Person | undefined, commitment: string, { newCommitmentsFrom }: Register): number {
  const known = [before?.registration?.commitment, ...(before?.former ?? []).map((each) => each.commitment)];
  return known.includes(commitment) ? 0 : newCommitmentsFrom;
}
