import * as z from 'zod';

/** The allowed form of an operator's secret: 8 to 200 visible ASCII characters, as in every far end's API key. */
const SECRET_VALUE = /^[\x21-\x7e]{8,200}$/;

/** A secret as it was given: one line break at its end, which editors and shells add, is not part of it. Anything else is refused. */
export const secretValueSchema = z
  .string()
  .transform((given) => given.replace(/\r?\n$/, ''))
  .refine((value) => SECRET_VALUE.test(value), '8 to 200 visible ASCII characters');

/**
 * The secrets that the configuration names, as far as they are there. They are used and never written anywhere; a string of this
 * runtime cannot be wiped, so a replaced one stays in memory until it is collected.
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

  /** Whether those that are named are there; all unless given. */
  isComplete(names: readonly string[] = this.names): boolean {
    return names.every((name) => this.values.has(name));
  }
}
