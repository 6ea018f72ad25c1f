// Runs Barretenberg, the proof system, as WebAssembly without threads, in a worker that the caller starts. The WebAssembly file is from
// @aztec/bb.js. We do not use that package's JavaScript: it uses different files in Node and in browsers, reserves 16 MB for each instance,
// prints after each proof, guesses how much memory a device has, and downloads missing files.
import { pack, type Packed, unpack } from './message-pack';
import { webAssembly } from './web-assembly';

/** 1 GiB, in units of 64 KiB. Browsers on phones and tablets kill a tab that requests more. Proving takes 6 MB. */
export const MAXIMUM_MEMORY_PAGES = 16_384;
/** The initial memory that the WebAssembly file requires, in units of 64 KiB. */
const INITIAL_MEMORY_PAGES = 37;

/** `replacement` does not reuse a memory that has grown beyond this size. Verifying never needs as much. */
const KEPT_MEMORY_BYTES = 16 * 1024 * 1024;

const FIELD_BYTES = 32;

/** UltraHonk for the target `evm`: Keccak transcript, zero knowledge. */
const SETTINGS = {
  ipa_accumulation: false,
  oracle_hash_type: 'keccak',
  disable_zk: false,
  optimized_solidity_verifier: false,
};

/** In MessagePack, two bytes before a field element give its length. */
const PACKED_FIELD_HEAD = 2;
const PACKED_FIELD_BYTES = PACKED_FIELD_HEAD + FIELD_BYTES;
const ZEROS = Array.from({ length: 4 }, () => new Uint8Array(FIELD_BYTES));
const PERMUTATION = pack([['Poseidon2Permutation', { inputs: ZEROS }]]);
const PERMUTATION_ANSWER = pack(['Poseidon2PermutationResponse', { outputs: ZEROS }]);

/** Barretenberg threw or answered with an error. Do not use the instance again, because the state of its memory is unknown. */
export class BarretenbergError extends Error {
  override readonly name = 'BarretenbergError';
}

export interface ReferenceString {
  /** Points of BN254's first group, 64 bytes each: x and y, big-endian. Verification needs the first point, proving needs 4,097. */
  readonly g1: Uint8Array;
  /** The point of the second group, 128 bytes. */
  readonly g2: Uint8Array;
}

interface Exports {
  readonly _initialize: () => void;
  readonly bbmalloc: (bytes: number) => number;
  readonly bbfree: (at: number) => void;
  /** Writes the address of the answer to the address `answerAt`, and its length to the address `answerBytes`. */
  readonly bbapi: (input: number, inputBytes: number, answerAt: number, answerBytes: number) => void;
}

export class Barretenberg {
  private readonly exports: Exports;

  /** @throws BarretenbergError if the reference string is refused; RangeError if the device has too little memory */
  constructor(
    private readonly module: WebAssembly.Module,
    private readonly referenceString: ReferenceString,
    private readonly memory = new webAssembly.Memory({ initial: INITIAL_MEMORY_PAGES, maximum: MAXIMUM_MEMORY_PAGES }),
  ) {
    const { g1, g2 } = referenceString;
    const { exports } = new webAssembly.Instance(module, this.imports());
    this.exports = exports as Exports;
    this.exports._initialize();
    this.call('SrsInitSrs', { points_buf: g1, num_points: g1.length / 64, g2_point: g2 });
  }

  /**
   * Returns a new instance, to use after this one threw. It clears and reuses the memory, because JavaScript engines free a dropped memory
   * late: a flood of bad proofs would exhaust the machine.
   */
  replacement(): Barretenberg {
    const isGrown = this.memory.buffer.byteLength > KEPT_MEMORY_BYTES;
    if (!isGrown) this.bytes().fill(0);
    return new Barretenberg(this.module, this.referenceString, isGrown ? undefined : this.memory);
  }

  /**
   * @param verificationKey 1,888 bytes. Barretenberg ignores some of the bits, so the caller must check the key's hash.
   * @param publicInputs 32 bytes each, below the modulus
   * @param proof a multiple of 32 bytes
   * @throws BarretenbergError for about a quarter of forged proofs. The caller then refuses the proof and calls `replacement`
   */
  verify(verificationKey: Uint8Array, publicInputs: readonly Uint8Array[], proof: Uint8Array): boolean {
    const { verified } = this.call('CircuitVerify', {
      verification_key: verificationKey,
      public_inputs: publicInputs,
      proof: inFields(proof),
      settings: SETTINGS,
    });
    return verified === true;
  }

  /**
   * @param bytecode of the circuit, decompressed
   * @param witness the solved witness stack, decompressed. Secret
   * @returns the proof, a multiple of 32 bytes, and the public inputs, 32 bytes each
   */
  prove(
    bytecode: Uint8Array,
    verificationKey: Uint8Array,
    witness: Uint8Array,
  ): { proof: Uint8Array; publicInputs: readonly Uint8Array[] } {
    const answer = this.call('CircuitProve', {
      circuit: { name: 'circuit', bytecode, verification_key: verificationKey },
      witness,
      settings: SETTINGS,
    });
    const fields = fieldsOf(answer['proof']);
    const proof = new Uint8Array(fields.length * FIELD_BYTES);
    fields.forEach((field, at) => {
      proof.set(field, at * FIELD_BYTES);
    });
    return { proof, publicInputs: fieldsOf(answer['public_inputs']) };
  }

  /**
   * Poseidon2 over BN254. A tree makes hundreds of thousands of calls, so the request is packed once and only its numbers are replaced.
   * @param inputs four field elements
   * @returns the first of the four elements of the permutation
   */
  permute(inputs: readonly Uint8Array[]): Uint8Array {
    inputs.forEach((input, at) => {
      PERMUTATION.set(input, PERMUTATION.length - (4 - at) * PACKED_FIELD_BYTES + PACKED_FIELD_HEAD);
    });
    const answer = this.exchange(PERMUTATION);
    const start = PERMUTATION_ANSWER.length - 4 * PACKED_FIELD_BYTES + PACKED_FIELD_HEAD;
    const isAnswer = answer.length === PERMUTATION_ANSWER.length;
    if (!isAnswer || PERMUTATION_ANSWER.some((byte, at) => at < start && byte !== answer[at]))
      throw new BarretenbergError('Poseidon2Permutation failed');
    return answer.subarray(start, start + FIELD_BYTES);
  }

  /** @throws only BarretenbergError */
  private call(command: string, content: Readonly<Record<string, Packed>>): Readonly<Record<string, Packed>> {
    let answer: Packed;
    try {
      answer = unpack(this.exchange(pack([[command, content]])));
    } catch (error) {
      if (error instanceof BarretenbergError) throw error;
      throw new BarretenbergError(`${command} ended: ${reasonOf(error)}`);
    }
    const [name, result] = Array.isArray(answer) ? (answer as readonly Packed[]) : [];
    if (name === `${command}Response` && isMap(result)) return result;
    const message = name === 'ErrorResponse' && isMap(result) ? result['message'] : undefined;
    throw new BarretenbergError(`${command} failed: ${typeof message === 'string' ? message : 'no reason given'}`);
  }

  private exchange(input: Uint8Array): Uint8Array {
    const { bbmalloc, bbfree, bbapi } = this.exports;
    const at = bbmalloc(input.length) >>> 0;
    this.bytes().set(input, at);
    const answer = bbmalloc(8) >>> 0;
    this.bytes().fill(0, answer, answer + 8);
    bbapi(at, input.length, answer, answer + 4);
    const view = new DataView(this.memory.buffer); // memory may have grown, which detaches the old buffer
    const [from, length] = [view.getUint32(answer, true), view.getUint32(answer + 4, true)];
    const copy = this.bytes().slice(from, from + length);
    for (const block of [at, answer, from]) bbfree(block);
    return copy;
  }

  private bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.memory.buffer);
  }

  private text(at: number): string {
    const from = at >>> 0;
    const end = this.bytes().indexOf(0, from);
    return new TextDecoder('latin1').decode(this.bytes().slice(from, end === -1 ? from : end));
  }

  private imports() {
    return {
      env: {
        memory: this.memory,
        logstr: () => undefined, // Debugging output may contain values of the witness
        throw_or_abort_impl: (at: number) => {
          throw new BarretenbergError(this.text(at) || 'aborted without a reason');
        },
      },
      wasi_snapshot_preview1: {
        random_get: (at: number, length: number) => {
          const from = at >>> 0;
          // getRandomValues fills at most 65,536 bytes at once
          for (let done = 0; done < length; done += 65_536)
            crypto.getRandomValues(this.bytes().subarray(from + done, from + Math.min(length, done + 65_536)));
          return 0;
        },
        clock_time_get: (_clock: number, _precision: bigint, at: number) => {
          new DataView(this.memory.buffer).setBigUint64(at >>> 0, BigInt(Date.now()) * 1_000_000n, true);
          return 0;
        },
        proc_exit: (code: number) => {
          throw new BarretenbergError(`exited with ${String(code)}`);
        },
      },
    };
  }
}

/** Returns a text for a log. Some errors of WebAssembly have no message; then it is the error's name. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'an error of an unknown type';
  return error.message === '' ? error.name : `${error.name}: ${error.message}`;
}

function inFields(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length % FIELD_BYTES !== 0) throw new RangeError('not a whole number of field elements');
  return Array.from({ length: bytes.length / FIELD_BYTES }, (_, at) =>
    bytes.subarray(at * FIELD_BYTES, (at + 1) * FIELD_BYTES),
  );
}

function fieldsOf(value: Packed | undefined): Uint8Array[] {
  const fields = Array.isArray(value) ? (value as readonly Packed[]) : [];
  return fields.map((field) => {
    if (!(field instanceof Uint8Array) || field.length !== FIELD_BYTES)
      throw new BarretenbergError('the answer has a field element that is not 32 bytes');
    return field;
  });
}

function isMap(value: Packed | undefined): value is Readonly<Record<string, Packed>> {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}
