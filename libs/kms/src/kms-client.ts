import {
  MAX_ANSWER_BYTES,
  readDataKeyAnswer,
  readDecryptedAnswer,
  checkKeyArn,
  ownerOfAlias,
  type KeyOwner,
} from './answer';
import { refusalOf } from './refusal';
import { KmsError } from './errors';
import { makeRecipientKey, type RecipientKey } from './recipient-key';
import { usableCredentials, type KmsCredentials, signRequest } from './sign-request';
import { attempted, DEFAULT_ATTEMPTS, type Attempts, type KmsHttpAnswer, type KmsTransport } from './attempts';

export interface KmsClientOptions extends Partial<Attempts> {
  /** The region of the keys: every requested alias ARN must be in it. */
  region: string;
  /** An origin without a path: `https://kms.us-east-1.amazonaws.com`. */
  origin: string;
  send: KmsTransport;
  /** Returns the attested time in milliseconds since 1970. The client uses it in signatures and to refuse expired credentials. */
  nowMs: () => number;
  /**
   * Asks the NSM for a document with this public key (SPKI, DER, 294 bytes). Called once in each `generateDataKey` or `decrypt`, because KMS
   * refuses documents older than five minutes.
   */
  attest: (publicKeySpki: Uint8Array) => Promise<Uint8Array>;
  /** By default the client makes its own. */
  recipient?: Promise<RecipientKey>;
}

export interface GenerateDataKeyParameters {
  /** ARN of an alias. */
  keyId: string;
  /** The encryption context. The key's policy can check it, and decryption needs the same context. */
  context: Readonly<Record<string, string>>;
  credentials: KmsCredentials | null;
  signal?: AbortSignal;
}

export interface DecryptParameters extends GenerateDataKeyParameters {
  /** 1 to 6,144 bytes. */
  ciphertextBlob: Uint8Array;
  /** The expected length, such as 32 for a data key; another length is refused. */
  plaintextBytes?: number;
}

export interface Decrypted {
  /** 1 to 4,096 bytes. The caller must zero it. */
  plaintext: Uint8Array;
  /** ARN of the key that the alias points to. */
  keyArn: string;
}

export interface DataKey extends Decrypted {
  /** The same 32 bytes, encrypted under the KMS key: 1 to 1,024 bytes. */
  ciphertextBlob: Uint8Array;
}

/**
 * A client of KMS for an enclave. KMS returns every secret encrypted to an RSA key that the attestation document binds (AWS KMS Developer
 * Guide, "Cryptographic attestation for AWS Nitro Enclaves"). Both calls throw KmsError with any code, the errors of `attest` unchanged,
 * and the signal's reason if the caller aborted.
 */
export interface KmsClient {
  /** Calls GenerateDataKey with AES_256. @throws KmsError */
  generateDataKey(parameters: GenerateDataKeyParameters): Promise<DataKey>;
  /** Calls Decrypt. @throws KmsError */
  decrypt(parameters: DecryptParameters): Promise<Decrypted>;
}

const DATA_KEY_BYTES = 32;
const MAX_PLAINTEXT_BYTES = 4096;
const MAX_CIPHERTEXT_BYTES = 6144;

/**
 * Returns a client. It starts to make its RSA key at once, and never replaces the key.
 * @example
 * const kms = createKmsClient({ region: 'us-east-1', origin: 'https://kms.us-east-1.amazonaws.com', send, nowMs: clock.nowMs, attest });
 * const { plaintext, ciphertextBlob } = await kms.generateDataKey({ keyId: aliasArn, context, credentials });
 */
export function createKmsClient({
  region,
  origin,
  send,
  nowMs,
  attest,
  recipient = makeRecipientKey(),
  ...pace
}: KmsClientOptions): KmsClient {
  const attempts: Attempts = { ...DEFAULT_ATTEMPTS, ...pace };
  recipient.catch(() => undefined); // Each call awaits the key, so it reports this error

  async function ask(
    action: 'GenerateDataKey' | 'Decrypt',
    parameters: object,
    { credentials, signal }: GenerateDataKeyParameters,
  ): Promise<Uint8Array> {
    signal?.throwIfAborted();
    usableCredentials(credentials, nowMs()); // checked before the NSM is asked
    const document = await attest((await recipient).publicKeySpki);
    const body = jsonBytes({
      ...parameters,
      Recipient: { AttestationDocument: base64(document), KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
    });
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` };
    return attempted(
      async (timeoutMs) => {
        const now = nowMs();
        const signed = await signRequest({ origin, region, headers, body }, usableCredentials(credentials, now), now);
        const answer = await exchanged(
          send,
          { origin, method: 'POST', path: '/', headers: signed, body, timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES },
          signal,
        );
        if (answer.status === 200) return answer.body;
        const errorType = answer.headers['x-amzn-errortype'];
        throw refusalOf(
          answer.status,
          typeof errorType === 'string' ? errorType : undefined,
          answer.body.subarray(0, MAX_ANSWER_BYTES),
        );
      },
      attempts,
      signal,
    );
  }

  return {
    async generateDataKey(parameters) {
      const { keyId, context } = parameters;
      const owner = ownerIn(region, keyId);
      const answer = readDataKeyAnswer(
        await ask('GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context }, parameters),
      );
      checkKeyArn(answer.KeyId, owner);
      const plaintext = opened(await recipient, answer.CiphertextForRecipient, DATA_KEY_BYTES);
      return { plaintext, ciphertextBlob: answer.CiphertextBlob, keyArn: answer.KeyId };
    },
    async decrypt(parameters) {
      const { keyId, context, ciphertextBlob, plaintextBytes } = parameters;
      const owner = ownerIn(region, keyId);
      if (ciphertextBlob.length === 0 || ciphertextBlob.length > MAX_CIPHERTEXT_BYTES)
        throw new KmsError('kms_ciphertext_invalid', 'its length');
      const asked = {
        KeyId: keyId,
        CiphertextBlob: base64(ciphertextBlob),
        EncryptionContext: context,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      };
      const answer = readDecryptedAnswer(await ask('Decrypt', asked, parameters));
      checkKeyArn(answer.KeyId, owner);
      return {
        plaintext: opened(await recipient, answer.CiphertextForRecipient, plaintextBytes),
        keyArn: answer.KeyId,
      };
    },
  };
}

function ownerIn(region: string, keyId: string): KeyOwner {
  const owner = ownerOfAlias(keyId);
  if (owner?.region !== region)
    throw new KmsError('kms_key_unusable', 'the key id is not the ARN of an alias in the region');
  return owner;
}

function opened(recipient: RecipientKey, envelope: Uint8Array, bytes: number | undefined): Uint8Array {
  const plaintext = recipient.open(envelope);
  if (bytes === undefined ? plaintext.length <= MAX_PLAINTEXT_BYTES : plaintext.length === bytes) return plaintext;
  plaintext.fill(0);
  throw new KmsError('kms_answer_invalid', 'the plaintext has a wrong length');
}

async function exchanged(
  send: KmsTransport,
  request: Omit<Parameters<KmsTransport>[0], 'signal'>,
  caller: AbortSignal | undefined,
): Promise<KmsHttpAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = caller ? AbortSignal.any([caller, timeout]) : timeout;
  try {
    return await Promise.race([send({ ...request, signal }), aborted(signal)]);
  } catch (cause) {
    if (timeout.aborted)
      throw new KmsError('kms_timeout', `no answer within ${String(request.timeoutMs)} ms`, { retryable: true, cause });
    throw new KmsError('kms_unreachable', 'no answer', { retryable: true, cause });
  }
}

/** Returns a promise that rejects when the signal aborts, so that a transport that ignores the signal does not block the caller. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function jsonBytes(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
