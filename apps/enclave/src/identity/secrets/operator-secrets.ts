import * as z from 'zod';

/** Visible ASCII, because each secret is an API key that the enclave sends in a header or a URL. */
const SECRET_VALUE = /^[\x21-\x7e]{8,200}$/;

/** Removes one line break at the end, because editors and shells add one. */
export const secretValueSchema = z
  .string()
  .transform((given) => given.replace(/\r?\n$/, ''))
  .refine((value) => SECRET_VALUE.test(value), '8 to 200 visible ASCII characters');

/**
 * The secrets that the configuration names, with the values received so far. The values are only in memory. Node cannot wipe a string, so a
 * replaced value stays there until it is garbage-collected.
 */
export class OperatorSecrets {
  private readonly values = new Map<string, string>();

  constructor(readonly names: readonly string[]) {}

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  put(name: string, value: string): void {
    this.values.set(name, value);
  }

  /** Whether all of `names` (default: every configured secret) have values. */
  isComplete(names: readonly string[] = this.names): boolean {
    return names.every((name) => this.values.has(name));
  }
}
