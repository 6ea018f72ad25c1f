import { toHex } from '@communique-tee/protocol';
import { askServer, NoAnswer } from './ask';

const NONCE_BYTES = 32;
/** Every document is smaller. */
const MAX_BYTES = 20_000;

export interface Answer {
  /** 32 random bytes, used once. */
  readonly nonce: Uint8Array;
  readonly document: Uint8Array;
  readonly roundTripMs: number;
}

/** @throws NoAnswer */
export async function fetchDocument(): Promise<Answer> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const startedMs = performance.now();
  const { status, body: document } = await askServer(`/attestation?nonce=${toHex(nonce)}`, {
    accept: 'application/cose',
    maxBytes: MAX_BYTES,
  });
  if (status !== 200) throw new NoAnswer({ kind: 'answered', status });
  return { nonce, document, roundTripMs: Math.round(performance.now() - startedMs) };
}

/** Fetches the public configuration with this SHA-256; undefined if the server does not give it. */
export async function fetchConfiguration(sha256: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const { status, body } = await askServer(`/attestation/configuration?sha256=${toHex(sha256)}`, {
      maxBytes: MAX_BYTES,
    });
    return status === 200 ? body : undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}
