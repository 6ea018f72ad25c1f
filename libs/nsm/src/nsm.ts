import { decodeCbor, encodeCbor } from './cbor';
import { errorFromAnswer, NsmError } from './errors';
import { maxRequestBytes, type NsmTransport } from './ioctl-transport';

export interface AttestationFields {
  /** at most 512 bytes */
  nonce?: Uint8Array;
  /** at most 512 bytes */
  userData?: Uint8Array;
  /** 1 to 1024 bytes */
  publicKey?: Uint8Array;
}

export interface NsmDescription {
  moduleId: string;
  /** "SHA384" on every Nitro system so far */
  digest: string;
  maxPcrs: number;
  lockedPcrs: number[];
  versionMajor: number;
  versionMinor: number;
  versionPatch: number;
}

export interface Nsm {
  /**
   * Returns a signed attestation document (COSE_Sign1) with these fields.
   * @throws NsmError ERR_NSM_INPUT_TOO_LARGE for a field that is too long, ERR_NSM_INVALID_ARGUMENT for an empty public key
   */
  attest(fields: AttestationFields): Promise<Uint8Array>;
  /** Returns 1 to 4096 random bytes from the Nitro hypervisor. The device gives at most 256 for each request. */
  random(byteLength: number): Promise<Uint8Array>;
  describe(): Promise<NsmDescription>;
  /** @param index 0 to 65,535. For 32 and above the device answers ERR_NSM_INVALID_INDEX */
  describePcr(index: number): Promise<{ lock: boolean; value: Uint8Array }>;
  /** Waits for running requests, then closes the device. */
  close(): Promise<void>;
}

const maxRandomBytes = 4096;

/**
 * Returns a client of the NSM's CBOR protocol (aws-nitro-enclaves-nsm-api, src/api/mod.rs) over a transport: the device, or the mock NSM.
 *
 * @throws NsmError from every method, with a code
 * @example
 * const nsm = createNsm(openNsmDevice());
 * const document = await nsm.attest({ nonce, publicKey });
 */
export function createNsm(transport: NsmTransport): Nsm {
  const ask = async (name: string, fields?: Record<string, unknown>): Promise<Map<unknown, unknown>> => {
    const request = encodeCbor(fields === undefined ? name : { [name]: fields });
    if (request.length > maxRequestBytes)
      throw new NsmError('ERR_NSM_INPUT_TOO_LARGE', `a request of ${request.length} bytes, ${maxRequestBytes} allowed`);
    return readAnswer(await transport.request(request), name);
  };

  return {
    async attest({ nonce, userData, publicKey }) {
      checkLength(nonce, 'nonce', 0, 512);
      checkLength(userData, 'user_data', 0, 512);
      checkLength(publicKey, 'public_key', 1, 1024);
      const answer = await ask('Attestation', {
        user_data: userData ?? null,
        nonce: nonce ?? null,
        public_key: publicKey ?? null,
      });
      return bytesOf(answer, 'document');
    },

    async random(byteLength) {
      if (!Number.isInteger(byteLength) || byteLength < 1 || byteLength > maxRandomBytes)
        throw new NsmError('ERR_NSM_INVALID_ARGUMENT', `the number of random bytes must be 1 to ${maxRandomBytes}`);
      const out = new Uint8Array(byteLength);
      for (let at = 0; at < byteLength;) {
        const some = bytesOf(await ask('GetRandom'), 'random');
        if (some.length === 0) throw new NsmError('ERR_NSM_ANSWER', 'the NSM answered no random bytes');
        out.set(some.subarray(0, byteLength - at), at);
        at += some.length;
      }
      return out;
    },

    async describe() {
      const answer = await ask('DescribeNSM');
      const locked = answer.get('locked_pcrs');
      if (!Array.isArray(locked) || !locked.every((index) => typeof index === 'number'))
        throw unexpected('locked_pcrs');
      return {
        moduleId: textOf(answer, 'module_id'),
        digest: textOf(answer, 'digest'),
        maxPcrs: numberOf(answer, 'max_pcrs'),
        lockedPcrs: locked as number[],
        versionMajor: numberOf(answer, 'version_major'),
        versionMinor: numberOf(answer, 'version_minor'),
        versionPatch: numberOf(answer, 'version_patch'),
      };
    },

    async describePcr(index) {
      if (!Number.isInteger(index) || index < 0 || index > 0xffff)
        throw new NsmError('ERR_NSM_INVALID_INDEX', 'the index of a PCR is a whole number from 0 to 65535');
      const answer = await ask('DescribePCR', { index });
      const lock = answer.get('lock');
      if (typeof lock !== 'boolean') throw unexpected('lock');
      return { lock, value: bytesOf(answer, 'data') };
    },

    close: () => transport.close(),
  };
}

function checkLength(value: Uint8Array | undefined, name: string, least: number, most: number): void {
  if (value === undefined) return;
  if (value.length > most)
    throw new NsmError('ERR_NSM_INPUT_TOO_LARGE', `${name} has ${value.length} bytes, ${most} allowed`);
  if (value.length < least) throw new NsmError('ERR_NSM_INVALID_ARGUMENT', `${name} is empty: omit it`);
}

/** Reads `{"<name>": {...}}`, and throws for `{"Error": "<code>"}`. */
function readAnswer(bytes: Uint8Array, name: string): Map<unknown, unknown> {
  let answer: unknown;
  try {
    answer = decodeCbor(bytes);
  } catch (cause) {
    throw new NsmError('ERR_NSM_ANSWER', 'the answer of the NSM is not CBOR', cause);
  }
  if (answer instanceof Map) {
    if (answer.has('Error')) throw errorFromAnswer(answer.get('Error'));
    const content: unknown = answer.get(name);
    if (content instanceof Map) return content;
  }
  throw new NsmError('ERR_NSM_ANSWER', `the answer of the NSM is not one to ${name}`);
}

function bytesOf(map: Map<unknown, unknown>, name: string): Uint8Array {
  const value = map.get(name);
  if (!(value instanceof Uint8Array)) throw unexpected(name);
  return value;
}

function textOf(map: Map<unknown, unknown>, name: string): string {
  const value = map.get(name);
  if (typeof value !== 'string') throw unexpected(name);
  return value;
}

function numberOf(map: Map<unknown, unknown>, name: string): number {
  const value = map.get(name);
  if (typeof value !== 'number') throw unexpected(name);
  return value;
}

function unexpected(name: string): NsmError {
  return new NsmError('ERR_NSM_ANSWER', `the answer of the NSM has no ${name} of the expected type`);
}
