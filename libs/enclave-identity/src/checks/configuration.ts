import { ProtocolError, decodePublicConfiguration, type PublicConfiguration } from '@communique-tee/protocol';
import type { Check, EnclaveKeys, Outcome, Subject } from '../check';
import { EnclaveError } from '../errors';

/** Checks that the public configuration has the attested hash, is canonical, and agrees with the key binding. */
export const configuration = {
  name: 'configuration',
  async run(subject): Promise<Outcome> {
    const { keys } = subject;
    if (keys === undefined) return { state: 'not_run', code: 'key_binding_absent' };
    const bytes = await served(subject, keys);
    if (bytes === undefined) return { state: 'not_run', code: 'configuration_not_fetched' };
    subject.configuration = read(bytes, keys, subject);
    return 'passed';
  },
} as const satisfies Check;

async function served({ evidence }: Subject, { configSha256 }: EnclaveKeys): Promise<Uint8Array | undefined> {
  return typeof evidence.configuration === 'function' ? evidence.configuration(configSha256) : evidence.configuration;
}

function read(bytes: Uint8Array, keys: EnclaveKeys, { primitives }: Subject): PublicConfiguration {
  if (primitives.sha256(bytes).some((byte, at) => byte !== keys.configSha256[at]))
    throw new EnclaveError('configuration_mismatch');
  let found: PublicConfiguration;
  try {
    found = decodePublicConfiguration(bytes);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new EnclaveError('configuration_invalid', cause.message, { cause });
  }
  if (found.custody !== keys.custody || found.legacySuite !== (keys.legacyKey !== undefined))
    throw new EnclaveError('configuration_contradicts');
  return found;
}
