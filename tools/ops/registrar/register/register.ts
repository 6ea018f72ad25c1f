import { LEAVES_PER_FILE } from './places';

/** What the registrar keeps: who is registered where in the tree, which roots are still valid, and which campaigns were opened. */
export interface Register {
  /** The registrar's id, which is also the name of its keys. */
  readonly registrar: string;
  /** The longest campaign that the registrar signs. The enclave's measured configuration has the same number. */
  readonly maxCampaignDays: number;
  /** The id of the key that signs, 8 hex digits; null before the first key is made. */
  readonly signingKey: string | null;
  /** The number of files in use, of 1,024 leaves each. */
  readonly files: number;
  /** How many roots were published. */
  readonly publications: number;
  /** Unix seconds. After a restore, commitments that the restored register does not know are published only from this time on. */
  readonly newCommitmentsFrom: number;
  /** 32 bytes in hex: the key of the `likeness` hashes, which find likely duplicates without stored names. */
  readonly likenessKey: string;
  /** Roots that may still be valid, the oldest first. */
  readonly roots: readonly PublishedRoot[];
  readonly campaigns: readonly Campaign[];
  readonly people: ReadonlyMap<string, Person>;
}

export interface PublishedRoot {
  /** From 1, in the order of publication. */
  readonly number: number;
  /** 64 hex digits. */
  readonly root: string;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
}

/** The register does not store a campaign's note. The registrar signs the note with its current key each time it shows it. */
export interface Campaign {
  readonly id: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface Person {
  /** The operator's own id of the person. */
  readonly person: string;
  /** null if the person was revoked. */
  readonly registration: Registration | null;
  /** Earlier commitments that a valid root may still contain. */
  readonly former: readonly FormerCommitment[];
  /** Hash of name and birth date, 32 hex digits; null if they were not given. */
  readonly likeness: string | null;
}

export interface Registration {
  /** 64 hex digits, like all field elements. */
  readonly commitment: string;
  /** Such as `120-MT-01`. */
  readonly district: string;
  readonly salt: string;
  /** The registration's place in the tree. */
  readonly index: number;
  /** How many roots were published before this registration was entered. Those roots do not contain it. */
  readonly since: number;
  /** Unix seconds. Only a root that begins at this time or later may contain this registration. 0: the next root contains it. */
  readonly from: number;
}

export interface FormerCommitment {
  readonly commitment: string;
  /** The notAfter (Unix seconds) of the last root that contains the commitment. */
  readonly until: number;
}

export function newRegister(of: Pick<Register, 'registrar' | 'maxCampaignDays' | 'likenessKey'>): Register {
  return {
    ...of,
    signingKey: null,
    files: 1,
    publications: 0,
    newCommitmentsFrom: 0,
    roots: [],
    campaigns: [],
    people: new Map(),
  };
}

/** The notAfter (Unix seconds) of the last root that contains a registration; 0 if no root does. */
export function lastRootEnd(register: Register, { since, from }: Registration): number {
  const holding = register.roots.filter(({ number, notBefore }) => number > since && notBefore >= from);
  return Math.max(0, ...holding.map(({ notAfter }) => notAfter));
}

/** Whether a root that begins at `notBefore` (Unix seconds) may contain the registration. */
export function isDue({ from }: Registration, notBefore: number): boolean {
  return notBefore >= from;
}

/** @returns a contradiction between entries of the register, or null */
export function contradiction({ people, files, roots, publications, campaigns }: Register): string | null {
  const [places, commitments] = [new Set<number>(), new Set<string>()];
  for (const { registration, former } of people.values()) {
    const own = new Set(former.map(({ commitment }) => commitment));
    if (registration !== null) {
      if (registration.index >= files * LEAVES_PER_FILE) return 'a place lies outside the files in use';
      if (places.has(registration.index)) return 'two people have one place';
      places.add(registration.index);
      own.add(registration.commitment);
    }
    for (const commitment of own) {
      if (commitments.has(commitment)) return 'two people have one commitment';
      commitments.add(commitment);
    }
  }
  if (roots.some(({ number }, at) => number > publications || number <= (roots[at - 1]?.number ?? 0)))
    return 'the published roots are not in order';
  if (new Set(campaigns.map(({ id }) => id)).size !== campaigns.length) return 'a campaign is there twice';
  return null;
}
