import { CHAMBER_KEYS, PROCESS_CUSTODY, chamberOf, type Chamber } from '@communique-tee/protocol';
import type { AttestedKey } from './api';

type Enclave = Pick<AttestedKey, 'custody' | 'configuration'>;

/**
 * Returns the chambers that recognize a repeated message, as this enclave attests; empty if its configuration is not known.
 */
export function recognizingChambers({ configuration }: Enclave): Chamber[] {
  return CHAMBER_KEYS.filter((chamber) => configuration?.services.congress?.[chamber].deduplicates === true);
}

/**
 * Returns the chambers of these offices that might deliver a copy twice: those missing from at least one list of `recognizing`.
 * @param offices codes of offices, as `HCA12`
 * @param recognizing `recognizingChambers` of each enclave that can get the message
 */
export function forgetfulChambers(offices: readonly string[], recognizing: readonly (readonly Chamber[])[]): Chamber[] {
  return CHAMBER_KEYS.filter(
    (chamber) =>
      offices.some((office) => chamberOf(office) === chamber) &&
      !recognizing.every((chambers) => chambers.includes(chamber)),
  );
}

/**
 * Like `forgetfulChambers`, but before a message is sealed for the first time. Per-process keys open the message in
 * one process, which delivers each copy once. KMS-sealed keys open it in several enclaves, and one does not know what
 * another has delivered.
 */
export function forgetfulWhereShared(offices: readonly string[], enclave: Enclave): Chamber[] {
  return enclave.custody === PROCESS_CUSTODY ? [] : forgetfulChambers(offices, [recognizingChambers(enclave)]);
}
