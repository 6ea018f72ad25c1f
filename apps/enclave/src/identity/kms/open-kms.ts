import { createKmsClient, type KmsClient, type KmsTransport } from '@communique-tee/kms';
import type { Nsm } from '@communique-tee/nsm';
import { attest } from '../keys/attest';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import { type Egress, httpsPost } from '../../egress';
import { kmsAuthorities, type KmsConfig } from './kms-config';

/**
 * Returns a client of KMS over egress. TLS ends in the enclave, requests are dated by the attested clock, and KMS encrypts its answers to a
 * key in the NSM's document.
 */
export function openKms(config: KmsConfig, region: string, egress: Egress, nsm: Nsm, clock: AnchoredClock): KmsClient {
  const authorities = kmsAuthorities(config);
  const send: KmsTransport = async ({ origin, path, headers, body, timeoutMs, signal, maxAnswerBytes }) => {
    const answer = await httpsPost(egress, {
      destination: 'kms',
      origin,
      target: path,
      authorities,
      clock,
      headers,
      body,
      timeoutMs,
      maxAnswerBytes,
      signal,
    });
    if (answer.cutBy !== null) throw new Error('the answer was cut');
    return answer;
  };
  return createKmsClient({
    region,
    origin: config.origin,
    send,
    nowMs: () => clock.nowMs(),
    attest: async (publicKey) => (await attest(nsm, clock, { publicKey })).bytes,
    timeoutMs: Math.min(5_000, config.timeoutMs),
    // Shorter than the offer's own deadline, so that the enclave reports the last answer of KMS instead of a timeout
    deadlineMs: Math.ceil(config.timeoutMs * 0.8),
  });
}
