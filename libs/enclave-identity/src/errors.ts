const table = {
  key_binding_invalid: 'the attestation document does not bind a sealing key and a receipt key',
  key_binding_unsupported: 'this program does not know the version of the key binding',
  key_id_mismatch: 'the key binding names another key than the document attests',
  custody_refused: 'the policy does not accept how the keys are kept',
  configuration_invalid: 'the public configuration does not have the form that this program reads',
  configuration_mismatch: 'the public configuration is not the one that the document attests',
  configuration_contradicts: 'the public configuration contradicts the key binding',
} as const;

export type EnclaveErrorCode = keyof typeof table;
export const enclaveErrorCodes = Object.keys(table) as EnclaveErrorCode[];

/**
 * The document is genuine and its image is accepted, but its keys or configuration are refused. A document that is not genuine fails with an
 * AttestationError. `code` is stable. The message is for people.
 */
export class EnclaveError extends Error {
  override readonly name = 'EnclaveError';

  constructor(
    readonly code: EnclaveErrorCode,
    /** The attested custody, the version, or why the configuration cannot be read. Undefined if the code is enough. */
    readonly detail?: string,
    options?: ErrorOptions,
  ) {
    super(detail === undefined ? table[code] : `${table[code]}: ${detail}`, options);
  }
}
