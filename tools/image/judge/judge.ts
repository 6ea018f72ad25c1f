// Runs the three commands of crate/main.rs.
import { execFile } from 'node:child_process';
import type { Arch } from '@communique-tee/eif';
import * as z from 'zod';

const pcr = z.string().regex(/^[0-9a-f]{96}$/);
const measurements = z.object({ PCR0: pcr, PCR1: pcr, PCR2: pcr, PCR8: pcr.optional() });
const builtSchema = z.object({ measurements });
const readSchema = z.object({ crcValid: z.boolean(), measurements, signatureValid: z.boolean().nullable() });

export type JudgedMeasurements = z.infer<typeof measurements>;
export type JudgedImage = z.infer<typeof readSchema>;

/** `refused`: the crate returned an error. `aborted`: the crate panicked, or a signal ended the process (for example, it had no memory). */
export type Verdict<T> = { readonly verdict: 'accepted'; readonly image: T } | Refusal;
export interface Refusal {
  readonly verdict: 'refused' | 'aborted';
  readonly message: string;
}

export interface PartFiles {
  readonly arch: Arch;
  readonly kernel: string;
  readonly cmdline: string;
  /** A file with the metadata as JSON (EifIdentityInfo of AWS's crate). */
  readonly metadata: string;
  readonly ramdisks: readonly string[];
}

const TIMEOUT_MS = 60_000;

export class AwsImageJudge {
  constructor(private readonly command: string) {}

  /** Writes an unsigned image. @param out a file that must not exist @throws Error with the crate's message */
  async build(out: string, { arch, kernel, cmdline, metadata, ramdisks }: PartFiles): Promise<JudgedMeasurements> {
    const args = ['build', out, arch, kernel, cmdline, metadata, ...ramdisks];
    return accepted(await this.run(builtSchema, args)).measurements;
  }

  /** Signs an image in place, even one that is signed already. @throws Error with the crate's message */
  async sign(image: string, keyFile: string, certificateFile: string): Promise<JudgedImage> {
    return accepted(await this.run(readSchema, ['sign', image, keyFile, certificateFile]));
  }

  /** @throws Error if the program got wrong arguments */
  read(image: string): Promise<Verdict<JudgedImage>> {
    return this.run(readSchema, ['read', image]);
  }

  private run<T>(schema: z.ZodType<T>, args: readonly string[]): Promise<Verdict<T>> {
    return new Promise((resolve, reject) => {
      execFile(this.command, args, { timeout: TIMEOUT_MS, env: { RUST_BACKTRACE: '0' } }, (error, stdout, stderr) => {
        if (error === null) return resolve({ verdict: 'accepted', image: schema.parse(JSON.parse(stdout)) });
        if (error.killed === true || typeof error.code === 'string' || error.code === 2) return reject(error);
        const message = stderr.trim().split('\n').at(-1) ?? '';
        resolve({ verdict: error.code === 1 ? 'refused' : 'aborted', message });
      });
    });
  }
}

function accepted<T>(verdict: Verdict<T>): T {
  if (verdict.verdict === 'accepted') return verdict.image;
  throw new Error(`AWS's crate: ${verdict.message}`);
}
