import type { DeviceStorage } from '../residence/device-storage';

/** A browser's storage, and the ways in which it fails. */
export class TestStorage implements DeviceStorage {
  value: unknown;
  /**
   * `open`: the database cannot be opened. `write`: QuotaExceededError. `forgets`: it reports success and stores no
   * data.
   */
  fails: 'open' | 'write' | 'forgets' | undefined;

  private check(writes: boolean): void {
    if (this.fails === 'open' || (writes && this.fails === 'write')) throw new DOMException('no', 'QuotaExceededError');
  }
  read(): Promise<unknown> {
    return Promise.resolve().then(() => (this.check(false), structuredClone(this.value)));
  }
  create(value: unknown): Promise<boolean> {
    return Promise.resolve().then(() => {
      this.check(true);
      if (this.value !== undefined) return false;
      if (this.fails !== 'forgets') this.value = structuredClone(value);
      return true;
    });
  }
  replace(value: unknown): Promise<void> {
    return Promise.resolve().then(() => {
      this.check(true);
      if (this.fails !== 'forgets') this.value = structuredClone(value);
    });
  }
  remove(): Promise<void> {
    return Promise.resolve().then(() => {
      this.check(true);
      this.value = undefined;
    });
  }
}
