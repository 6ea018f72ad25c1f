import type { TrustAnchor } from '@communique-tee/attestation';
import type { PreparedMessage } from '@communique-tee/client';
import { sealing } from '@communique-tee/crypto';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import {
  DEFAULT_SUITE,
  encodeCongressMessage,
  encodeSealedMessage,
  messageIdToText,
  toHex,
  type CongressMessage,
} from '@communique-tee/protocol';
import { verifyEnclave, type EnclaveIdentity, type EnclavePolicy } from '@communique-tee/enclave-identity';
import { createHash, randomBytes } from 'node:crypto';
import { congressMessage } from './enclave-fixture';
import { readRelayed, type Relayed } from './read-relayed';

/** Seals messages as a sender does, and relays them as the parent does. A test can set the clock; the client library has no such option. */
export class Sender {
  constructor(
    private readonly trustAnchor: TrustAnchor,
    private readonly nowMs: () => number,
    private readonly acceptedMeasurements: EnclavePolicy['acceptedMeasurements'] = [developmentMeasurements],
  ) {}

  /** @throws Error with the problem's code */
  async key(url: string): Promise<EnclaveIdentity> {
    const nonce = new Uint8Array(randomBytes(32));
    const response = await fetch(`${url}/attestation?nonce=${toHex(nonce)}`);
    if (!response.ok) throw new Error(((await response.json()) as { code: string }).code);
    return this.verify(new Uint8Array(await response.arrayBuffer()), nonce);
  }

  /** @throws AttestationError */
  async verify(document: Uint8Array, nonce: Uint8Array): Promise<EnclaveIdentity> {
    const policy: EnclavePolicy = {
      acceptedMeasurements: this.acceptedMeasurements,
      freshness: { nonce },
      maxAgeMs: 60_000,
      maxFutureSkewMs: 60_000,
      at: new Date(this.nowMs()),
      trustAnchor: this.trustAnchor,
    };
    return verifyEnclave({ document }, policy);
  }

  async prepare(
    url: string,
    changes: Partial<CongressMessage> = {},
    lifetimeSeconds?: number,
  ): Promise<PreparedMessage> {
    return this.seal(await this.key(url), changes, lifetimeSeconds);
  }

  seal(identity: EnclaveIdentity, changes: Partial<CongressMessage> = {}, lifetimeSeconds?: number): PreparedMessage {
    return this.sealBytes(identity, encodeCongressMessage(congressMessage(changes)), lifetimeSeconds);
  }

  /** Seals any bytes, even if they are not a message. */
  sealBytes(
    { publicKey, keyId }: Pick<EnclaveIdentity, 'publicKey' | 'keyId'>,
    plaintext: Uint8Array,
    lifetimeSeconds = 7 * 24 * 3600,
  ): PreparedMessage {
    const messageId = new Uint8Array(randomBytes(16));
    const expiresAtSeconds = Math.floor(this.nowMs() / 1000) + lifetimeSeconds;
    const { message, answerKey } = sealing.seal({
      publicKey,
      suite: DEFAULT_SUITE,
      keyId,
      messageId,
      expiresAtSeconds,
      nullifier: null,
      plaintext,
    });
    const sealed = encodeSealedMessage(message);
    return {
      id: messageIdToText(messageId),
      message,
      answerKey,
      sealed,
      sealedSha256: createHash('sha256').update(sealed).digest(),
    };
  }

  /** @returns `200`, or status and code of the problem */
  async refusal(url: string, prepared: PreparedMessage, headers: Record<string, string> = {}): Promise<string> {
    const response = await this.relay(url, prepared, headers);
    return response.ok ? '200' : `${String(response.status)} ${((await response.json()) as { code: string }).code}`;
  }

  async relayed(url: string, prepared: PreparedMessage, headers: Record<string, string> = {}): Promise<Relayed> {
    return this.read(await this.relay(url, prepared, headers), prepared);
  }

  read(response: Response, prepared: PreparedMessage): Promise<Relayed> {
    return readRelayed(response, prepared, this.trustAnchor, this.acceptedMeasurements);
  }

  private relay(url: string, { sealed }: PreparedMessage, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${url}/messages`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/cbor' },
      body: new Uint8Array(sealed),
    });
  }
}
