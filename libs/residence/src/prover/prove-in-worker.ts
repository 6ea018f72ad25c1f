// The part of the prover that runs in the worker, in Node and in browsers.
import { initSync } from '@noir-lang/acvm_js/web/acvm_js.js';
import { fromBase64, toHex } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { Barretenberg } from '../barretenberg/barretenberg';
import { REFERENCE_STRING_BYTES, REFERENCE_STRING_SHA256, SECOND_GROUP_POINT } from '../barretenberg/reference-string';
import { CIRCUIT, verificationKey } from '../circuit';
import type { CircuitInputs } from '../witness';
import { gunzip } from './gunzip';
import { ProvingError, type ProvingErrorCode } from './proving';
import { solve } from './solve';
import type { Loaded, ProvingReport } from './worker-messages';

interface Ready {
  readonly barretenberg: Barretenberg;
  readonly bytecode: Uint8Array;
  readonly key: Uint8Array;
}

/** Makes proofs with one instance of the proof system. After a failure, do not use this object again. */
export class WorkerProver<Source> {
  private ready: Ready | undefined;

  constructor(
    private readonly load: (source: Source) => Promise<Loaded>,
    private readonly report: (report: ProvingReport) => void,
  ) {}

  async answer({ inputs, source }: { readonly inputs: CircuitInputs; readonly source: Source }): Promise<void> {
    try {
      this.report(await this.prove(inputs, source));
    } catch (error) {
      this.report({ failed: error instanceof ProvingError ? error.code : 'ERR_PROVING_FAILED' });
    }
  }

  private async prove(inputs: CircuitInputs, source: Source): Promise<ProvingReport> {
    if (this.ready === undefined) this.report({ state: 'loading' });
    this.ready ??= await this.start(source);
    const { barretenberg, bytecode, key } = this.ready;
    this.report({ state: 'solving' });
    const witness = await orElse('ERR_PROVING_WITNESS', () => solve(inputs));
    this.report({ state: 'proving' });
    const made = barretenberg.prove(bytecode, key, witness);
    if (!barretenberg.verify(key, made.publicInputs, made.proof)) throw new ProvingError('ERR_PROVING_FAILED');
    return made;
  }

  private async start(source: Source): Promise<Ready> {
    const { barretenberg, acvm, referenceString } = await this.load(source);
    if (!isReferenceString(referenceString)) throw new ProvingError('ERR_PROVING_NO_REFERENCE_STRING');
    return orElse('ERR_PROVING_DEVICE', async () => {
      initSync({ module: acvm });
      return {
        barretenberg: new Barretenberg(barretenberg, { g1: referenceString, g2: SECOND_GROUP_POINT }),
        bytecode: await gunzip(fromBase64(CIRCUIT.bytecode)),
        key: verificationKey(),
      };
    });
  }
}

/** Whether these are the 262,208 bytes with the pinned hash. */
export function isReferenceString(bytes: Uint8Array): boolean {
  return bytes.length === REFERENCE_STRING_BYTES && toHex(sha256(bytes)) === REFERENCE_STRING_SHA256;
}

async function orElse<T>(code: ProvingErrorCode, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    throw new ProvingError(code);
  }
}

/** Silences the console of the worker, because a panic of the ACVM prints a line that may contain values of the witness. */
export function silenceConsole(): void {
  for (const name of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) console[name] = () => undefined;
}
