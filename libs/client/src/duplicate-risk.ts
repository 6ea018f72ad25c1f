import { CHAMBER_KEYS, PROCESS_CUSTODY, chamberOf, type Chamber } from '@communique-tee/protocol';
import type { AttestedKey } from './api';

type Enclave = Pick<AttestedKey, 'custody' | 'configuration'>;

/**
 * Returns the chambers that recognize a repeated message, as this enclave attests. Returns none if its configuration is not known.
 */
export function recognizingChambers({ configuration }: Enclave): Chamber[] {
  return CHAMBER_KEYS.filter((chamber) => configuration?.services.congress?.[chamber].deduplicates === true);
}

/**
 * Returns the chambers of these offices that might deliver a copy twice: each that is missing from at least one list in `recognizing`.
 * @param offices codes of offices, as `HCA12`
 * @param recognizing `recognizingChambers` of each enclave that can get the message
 */
export function chambersWithoutDeduplication(
  offices: readonly string[],
  recognizing: readonly (readonly Chamber[])[],
): Chamber[] {
  return CHAMBER_KEYS.filter(
    (chamber) =>
      offices.some((office) => chamberOf(office) === chamber) &&
      !recognizing.every((chambers) => chambers.includes(chamber)),
  );
}

/**
 * Returns the chambers that might deliver a copy twice when a message is sealed for the first time. With per-process keys there are
 * none: one process opens the message and delivers each copy once. With KMS-sealed keys several enclaves can open it, and none
 * knows what another has delivered.
 */
export function sharedChambersWithoutDeduplication(offices: readonly string[], enclave: Enclave): Chamber[] {
  return enclave.custody === PROCESS_CUSTODY
    ? []
    : chambersWithoutDeduplication(offices, [recognizingChambers(enclave)]);
}
