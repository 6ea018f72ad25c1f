import { PUBLIC_KEY_BYTES, decodeKeyBinding, keyIdBy } from '@communique-tee/protocol';
import { established, type Check, type EnclaveKeys, type Primitives } from '../check';
import { EnclaveError } from '../errors';

/** Checks that the document binds a sealing key and a receipt key, and that the key id is the id of the sealing key. */
export const keyBinding = {
  name: 'key_binding',
  run(subject) {
    const { policy, primitives } = subject;
    try {
      subject.keys = boundKeys(established(subject, 'attestation'), primitives);
      return 'passed';
    } catch (error) {
      const isForeign = error instanceof EnclaveError && error.code === 'key_binding_invalid';
      if (policy.keyBindingOptional && isForeign) return { state: 'warning', code: 'key_binding_absent' };
      throw error;
    }
  },
} as const satisfies Check;

/**
 * Returns the keys that a document binds. No other code decodes a key binding.
 * @throws EnclaveError `key_binding_invalid` | `key_binding_unsupported` | `key_id_mismatch`
 */
export function boundKeys(
  { publicKey, userData }: { readonly publicKey?: Uint8Array; readonly userData?: Uint8Array },
  { sha256 }: Pick<Primitives, 'sha256'>,
): EnclaveKeys {
  const decoded = decodeKeyBinding(userData ?? new Uint8Array());
  if (decoded.kind === 'other_version')
    throw new EnclaveError('key_binding_unsupported', `version ${String(decoded.version)}`);
  if (decoded.kind === 'invalid' || publicKey?.length !== PUBLIC_KEY_BYTES)
    throw new EnclaveError('key_binding_invalid');
  const { binding } = decoded;
  const keyId = keyIdBy(sha256, publicKey);
  if (keyId.some((byte, at) => byte !== binding.keyId[at])) throw new EnclaveError('key_id_mismatch');
  return { publicKey, ...binding };
}
