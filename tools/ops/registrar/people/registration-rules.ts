import { NOTE_GRACE_SECONDS } from '@communique-tee/residence';
import { heldUntil, type FormerCommitment, type Person, type Register, type Registration } from '../register/register';

/** The record of an ended registration: its commitment, as long as a root with it may be valid. */
export function formerOf(register: Register, { registration, former }: Person): FormerCommitment[] {
  const until = new Map(former.map((each) => [each.commitment, each.until]));
  if (registration !== null) {
    const held = heldUntil(register, registration);
    if (held > 0) until.set(registration.commitment, Math.max(held, until.get(registration.commitment) ?? 0));
  }
  return [...until].map(([commitment, last]) => ({ commitment, until: last }));
}

/**
 * Unix seconds: the earliest notBefore of a root that may hold this commitment of this person. 0: at once, because no root that may be
 * valid holds another commitment of theirs. With the grace that verifiers give a new root, so that no clock accepts the last root with
 * the old commitment and the first one with the new at the same time.
 */
export function publishableFrom(former: readonly FormerCommitment[], commitment: string): number {
  const others = former.filter((each) => each.commitment !== commitment).map(({ until }) => until);
  return others.length === 0 ? 0 : Math.max(...others) + NOTE_GRACE_SECONDS;
}

/**
 * Unix seconds: entries that ended before are over, both by the clock and by the last published root. Both, because a clock that is wrong
 * for one command must not make the register forget a valid root.
 */
export function overBefore({ roots }: Register, now: number): number {
  return Math.min(now, roots.at(-1)?.notBefore ?? 0) - NOTE_GRACE_SECONDS;
}

/** The commitments that are taken, each with its person. */
export function ownersOf(people: ReadonlyMap<string, Person>): Map<string, string> {
  const owners = new Map<string, string>();
  for (const { person, registration, former } of people.values()) {
    for (const { commitment } of former) owners.set(commitment, person);
    if (registration !== null) owners.set(registration.commitment, person);
  }
  return owners;
}

export function placesOf(people: ReadonlyMap<string, Person>): Set<number> {
  const places = new Set<number>();
  for (const { registration } of people.values()) if (registration !== null) places.add(registration.index);
  return places;
}

export type Standing = 'revoked' | 'published' | 'next publication' | 'waits';

/** Where a registration is, as seen at a time (Unix seconds). */
export function standingOf(register: Register, registration: Registration | null, now: number): Standing {
  if (registration === null) return 'revoked';
  if (heldUntil(register, registration) > now) return 'published';
  return registration.from > now ? 'waits' : 'next publication';
}
