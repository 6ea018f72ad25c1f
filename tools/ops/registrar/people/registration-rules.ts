import { NOTE_GRACE_SECONDS } from '@communique-tee/residence';
import {
  lastRootEnd,
  type FormerCommitment,
  type Person,
  type Register,
  type Registration,
} from '../register/register';

/**
 * Returns the person's former commitments, as they are once the current registration has ended. `until` is the end of the last root that
 * contains the commitment.
 */
export function formerOf(register: Register, { registration, former }: Person): FormerCommitment[] {
  const until = new Map(former.map((each) => [each.commitment, each.until]));
  if (registration !== null) {
    const held = lastRootEnd(register, registration);
    if (held > 0) until.set(registration.commitment, Math.max(held, until.get(registration.commitment) ?? 0));
  }
  return [...until].map(([commitment, last]) => ({ commitment, until: last }));
}

/**
 * Returns the earliest notBefore (Unix seconds) that a root with this commitment may have; 0 if the person has no other former commitment.
 * Verifiers accept a root up to `NOTE_GRACE_SECONDS` before its notBefore. The result includes this grace, so that a verifier never accepts
 * a root with the old commitment and a root with the new one at the same time.
 */
export function publishableFrom(former: readonly FormerCommitment[], commitment: string): number {
  const others = former.filter((each) => each.commitment !== commitment).map(({ until }) => until);
  return others.length === 0 ? 0 : Math.max(...others) + NOTE_GRACE_SECONDS;
}

/**
 * Entries that ended before the returned time (Unix seconds) may be deleted. The time is never after the notBefore of the last published
 * root, so that a wrong clock cannot make the register forget a valid root.
 */
export function endOfForgettableEntries({ roots }: Register, now: number): number {
  return Math.min(now, roots.at(-1)?.notBefore ?? 0) - NOTE_GRACE_SECONDS;
}

/** Returns the taken commitments, each with the person to whom it belongs. */
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

export type RegistrationState = 'revoked' | 'published' | 'next publication' | 'waits';

/** The state of a registration at a time (Unix seconds). */
export function stateOf(register: Register, registration: Registration | null, now: number): RegistrationState {
  if (registration === null) return 'revoked';
  if (lastRootEnd(register, registration) > now) return 'published';
  return registration.from > now ? 'waits' : 'next publication';
}
