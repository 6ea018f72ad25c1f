import * as z from 'zod';

/**
 * The allowed form of an operator's secret: 8 to 200 visible ASCII characters, because each one is an API key in a header or an address.
 */
const SECRET_VALUE = /^[\x21-\x7e]{8,200}$/;

/** Removes one line break at the end, which editors and shells add, and rejects a value that does not have the form of a secret. */
export const secretValueSchema = z
  .string()
  .transform((given) => given.replace(/\r?\n$/, ''))
  .refine((value) => SECRET_VALUE.test(value), '8 to 200 visible ASCII characters');

/**
 * The secrets that the configuration names, with the values received so far. The values are never written anywhere. Node cannot wipe a
 * string, so a replaced value stays in memory until it is garbage-collected.
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
