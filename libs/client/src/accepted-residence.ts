import { RESIDENCE_ID_PATTERN } from '@communique-tee/protocol';
import type { AcceptedResidence, EnclaveConfiguration } from './api';
import { ClientError } from './errors';

const MODES = ['off', 'optional', 'required'] as const;

/** Checks the type at run time, because a policy may come from plain JavaScript or a file. */
export function isAcceptedResidence(value: unknown): value is AcceptedResidence {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { modes, registrar, ...more } = value as Record<string, unknown>;
  return (
    Object.keys(more).length === 0 &&
    Array.isArray(modes) &&
    modes.length > 0 &&
    modes.every((mode) => (MODES as readonly unknown[]).includes(mode)) &&
    (registrar === undefined || (typeof registrar === 'string' && RESIDENCE_ID_PATTERN.test(registrar)))
  );
}

/**
 * Compares the enclave's attested configuration with the caller's policy. Throws if the gateway withholds the configuration.
 * @throws ClientError `residence_refused` with the reason `configuration_missing`, `other_mode` or `other_registrar`
 */
export function checkAcceptedResidence(
  configuration: EnclaveConfiguration | undefined,
  { modes, registrar }: AcceptedResidence,
): void {
  const attested = configuration?.residence;
  if (attested === undefined) throw refused('configuration_missing');
  if (!modes.includes(attested.mode)) throw refused('other_mode');
  if (registrar !== undefined && attested.mode !== 'off' && attested.registrar !== registrar)
    throw refused('other_registrar');
}

function refused(reason: string): ClientError {
  return new ClientError('residence_refused', 'the policy does not accept how the enclave checks residence', {
    reason,
  });
}
