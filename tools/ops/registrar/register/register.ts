import { LEAVES_PER_FILE } from './places';

/** What the registrar keeps: who is registered where in the tree, which roots are still valid, and which campaigns were opened. */
export interface Register {
  /** The registrar's id: the name of its keys. */
  readonly registrar: string;
  /** The longest campaign that it signs; the enclave measures the same number. */
  readonly maxCampaignDays: number;
  /** The id of the key that signs, 8 hex digits; null before there is one. */
  readonly signingKey: string | null;
  /** Files of 1,024 leaves in use. */
  readonly files: number;
  /** How many roots were published. */
  readonly publications: number;
  /** Unix seconds. After a restore, no commitment that the register does not know is published before. */
  readonly newCommitmentsFrom: number;
  /** Makes likely duplicates comparable without keeping names: 32 bytes, hex. */
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

/** Its note is signed anew when it is shown, so that it has the signature of the key in use. */
export interface Campaign {
  readonly id: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface Person {
  /** The operator's own id. */
  readonly person: string;
  /** null: revoked. */
  readonly registration: Registration | null;
  /** Earlier commitments, as long as a root that holds one is valid. */
  readonly former: readonly FormerCommitment[];
  /** 32 hex digits; null if no name and birth date were given. */
  readonly likeness: string | null;
}

export interface Registration {
  /** 64 hex digits, as all field elements. */
  readonly commitment: string;
  /** `120-MT-01` */
  readonly district: string;
  readonly salt: string;
  /** Its place in the tree. */
  readonly index: number;
  /** How many roots had been published when it was entered; none of those holds it. */
  readonly since: number;
  /** Unix seconds: no root that begins earlier holds it; 0: the next one does. */
  readonly from: number;
}

export interface FormerCommitment {
  readonly commitment: string;
  /** Unix seconds: the notAfter of the last root that holds it. */
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

/** The notAfter of the last root that holds a registration, Unix seconds; 0 if none does. */
export function heldUntil(register: Register, { since, from }: Registration): number {
  const holding = register.roots.filter(({ number, notBefore }) => number > since && notBefore >= from);
  return Math.max(0, ...holding.map(({ notAfter }) => notAfter));
}

/** Whether a root that begins at `notBefore` (Unix seconds) holds the registration. */
export function isDue({ from }: Registration, notBefore: number): boolean {
  return notBefore >= from;
}

/** @returns what is wrong between the entries of a register, or null */
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
