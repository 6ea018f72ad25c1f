import { type Pcr0s, readMeasurements } from './read-measurements';

const KEY = 'communique-tee pcr0';

/** What the person told this browser to keep; undefined where there is nothing, or the browser keeps nothing. */
export function keptMeasurements(): Pcr0s | undefined {
  try {
    const read = readMeasurements(localStorage.getItem(KEY) ?? '');
    return read.ok ? read.pcr0s : undefined;
  } catch {
    return undefined;
  }
}

/** @returns whether the browser took it */
export function keepMeasurements(pcr0s: Pcr0s): boolean {
  try {
    localStorage.setItem(KEY, pcr0s.join(' '));
    return true;
  } catch {
    return false;
  }
}

export function forgetMeasurements(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // What was not kept need not be forgotten
  }
}
