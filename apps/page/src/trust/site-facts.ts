import { askForJson } from './ask';
import { readSettings, type SignInSettings } from '../sign-in/settings';
import type { AcceptedSet } from './accepted';

/** What the server reports about itself, unsigned. */
export interface SiteFacts {
  /** The images and operators that the gateway accepts. */
  readonly accepted: readonly AcceptedSet[];
  /** The development root of the attestation documents; null in production. Anyone who has its key can forge every document. */
  readonly developmentRootPem: string | null;
  /** Where the operator publishes communique-tee.mjs; an https address of another server. */
  readonly verifierUrl: string | null;
  /** Where people sign in; null if the site offers none. */
  readonly signIn: SignInSettings | null;
  /** Whether the operator has set up this page to make proofs of residence. */
  readonly provesResidence: boolean;
}

const MAX_BYTES = 64 * 1024;
const MAX_SETS = 32;

/** Invalid parts of the answer count as absent. @throws NoAnswer */
export async function fetchSiteFacts(): Promise<SiteFacts> {
  const { json } = await askForJson('/api/page', { maxBytes: MAX_BYTES });
  return readSiteFacts(json, location.hostname);
}

/** @param ownHostname the name of the server that serves the page, without the port, such as `communique.example.org` */
export function readSiteFacts(json: unknown, ownHostname: string): SiteFacts {
  const { acceptedMeasurements, developmentRoot, verifierUrl, signIn, provesResidence } = membersOf(json);
  const sets: readonly unknown[] = Array.isArray(acceptedMeasurements) ? acceptedMeasurements.slice(0, MAX_SETS) : [];
  return {
    accepted: sets.flatMap((each): AcceptedSet[] => {
      const { pcr0, pcr3 } = membersOf(each);
      if (!isMeasurement(pcr0)) return [];
      if (pcr3 === null) return [{ pcr0, operator: 'any' }];
      return isMeasurement(pcr3) ? [{ pcr0, pcr3 }] : [];
    }),
    developmentRootPem: typeof developmentRoot === 'string' && developmentRoot.length < 8192 ? developmentRoot : null,
    verifierUrl: isElsewhere(verifierUrl, ownHostname) ? verifierUrl : null,
    signIn: readSettings(signIn),
    provesResidence: provesResidence === true,
  };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isMeasurement(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{96}$/.test(value) && !/^0+$/.test(value);
}

/**
 * Whether the value is an https address of another server: https, so that the link cannot run a script; another server, because a server
 * must not hand out the program that checks it.
 */
function isElsewhere(value: unknown, ownHostname: string): value is string {
  if (typeof value !== 'string' || value.length > 500 || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' && hostname !== ownHostname;
}
