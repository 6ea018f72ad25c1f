/** What an operator's secret may be: 8 to 200 visible ASCII characters, as every far end's API key. */
export const SECRET_VALUE = /^[\x21-\x7e]{8,200}$/;

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

  isComplete(): boolean {
    return this.names.every((name) => this.values.has(name));
  }
}
