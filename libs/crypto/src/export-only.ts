import { CryptoError } from './errors';
import type { KeyPair, Primitives } from './primitives/primitives';
import { sharedSecret } from './primitives/shared-secret';

/**
 * HPKE base mode with the export-only AEAD (RFC 9180 sections 4.1, 5.1.1 and 5.3): DHKEM(X25519, HKDF-SHA256) = 0x0020,
 * HKDF-SHA256 = 0x0001, AEAD 0xFFFF. Every length here is at most 32 bytes, so that HKDF-Expand is a single HMAC.
 */
export interface ExportOnlyHpke<PrivateKey> {
  /** @throws CryptoError `ERR_CRYPTO_PUBLIC_KEY` */
  setupSender(
    publicKey: Uint8Array,
    ephemeral?: KeyPair<PrivateKey>,
  ): { encapsulatedKey: Uint8Array; exportSecret: ExportSecret };
  /** @throws CryptoError `ERR_CRYPTO_OPEN` */
  setupReceiver(own: KeyPair<PrivateKey>, encapsulatedKey: Uint8Array): ExportSecret;
}

/** `Context.Export(exporter_context, 32)` of section 5.3. Returns 32 bytes. */
export type ExportSecret = (exporterContext: Uint8Array) => Uint8Array;

const KEY_BYTES = 32;
const EMPTY = new Uint8Array(0);
const ZERO_SALT = new Uint8Array(32);
const encoder = new TextEncoder();
const VERSION = encoder.encode('HPKE-v1');
const KEM_SUITE = concat(encoder.encode('KEM'), Uint8Array.of(0x00, 0x20));
const HPKE_SUITE = concat(encoder.encode('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0xff, 0xff));
const MODE_BASE = Uint8Array.of(0);

export function exportOnlyHpke<PrivateKey>(
  primitives: Primitives<PrivateKey>,
  info: Uint8Array,
): ExportOnlyHpke<PrivateKey> {
  const { hmacSha256 } = primitives;

  // LabeledExtract and LabeledExpand of section 4. Each computes its constant prefix once.
  const extractor = (suite: Uint8Array, label: string) => {
    const prefix = concat(VERSION, suite, encoder.encode(label));
    return (salt: Uint8Array, keyMaterial: Uint8Array) =>
      hmacSha256(salt.length === 0 ? ZERO_SALT : salt, concat(prefix, keyMaterial));
  };
  const expander = (suite: Uint8Array, label: string) => {
    const prefix = concat(Uint8Array.of(0, KEY_BYTES), VERSION, suite, encoder.encode(label));
    return (secret: Uint8Array, context: Uint8Array) => hmacSha256(secret, concat(prefix, context, Uint8Array.of(1)));
  };

  const extractShared = extractor(KEM_SUITE, 'eae_prk');
  const expandShared = expander(KEM_SUITE, 'shared_secret');
  const extractSecret = extractor(HPKE_SUITE, 'secret');
  const expandExporter = expander(HPKE_SUITE, 'exp');
  const expandExport = expander(HPKE_SUITE, 'sec');
  const scheduleContext = concat(
    MODE_BASE,
    extractor(HPKE_SUITE, 'psk_id_hash')(EMPTY, EMPTY),
    extractor(HPKE_SUITE, 'info_hash')(EMPTY, info),
  );

  /** Section 4.1, ExtractAndExpand. */
  const sharedOf = (exchanged: Uint8Array, encapsulatedKey: Uint8Array, publicKey: Uint8Array): Uint8Array =>
    expandShared(extractShared(EMPTY, exchanged), concat(encapsulatedKey, publicKey));

  /** Section 5.1, KeySchedule. */
  const schedule = (shared: Uint8Array): ExportSecret => {
    const exporter = expandExporter(extractSecret(shared, EMPTY), scheduleContext);
    return (exporterContext) => expandExport(exporter, exporterContext);
  };

  const exchange = (privateKey: PrivateKey, publicKey: Uint8Array): Uint8Array | undefined =>
    publicKey.length === KEY_BYTES ? sharedSecret(primitives, privateKey, publicKey) : undefined;

  const decapsulated = (own: KeyPair<PrivateKey>, encapsulatedKey: Uint8Array): Uint8Array | undefined => {
    if (encapsulatedKey.length !== KEY_BYTES) return undefined;
    if (!primitives.decapsulate) {
      const exchanged = exchange(own.privateKey, encapsulatedKey);
      return exchanged && sharedOf(exchanged, encapsulatedKey, own.publicKey);
    }
    try {
      return primitives.decapsulate(own.privateKey, encapsulatedKey);
    } catch {
      return undefined;
    }
  };

  return {
    setupSender(publicKey, ephemeral = primitives.generateKeyPair()) {
      const exchanged = exchange(ephemeral.privateKey, publicKey);
      if (!exchanged) throw new CryptoError('ERR_CRYPTO_PUBLIC_KEY');
      return {
        encapsulatedKey: ephemeral.publicKey,
        exportSecret: schedule(sharedOf(exchanged, ephemeral.publicKey, publicKey)),
      };
    },
    setupReceiver(own, encapsulatedKey) {
      const shared = decapsulated(own, encapsulatedKey);
      if (!shared) throw new CryptoError('ERR_CRYPTO_OPEN');
      return schedule(shared);
    },
  };
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
