// What this tab remembers until it is closed, on every page of the site.

/** Used only if the browser stores no data. It lasts as long as this document, and other pages of the tab cannot delete its content. */
const memory = new Map<string, string>();

export function keptInTab(key: string): string | undefined {
  try {
    return memory.get(key) ?? sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param value undefined to forget it */
export function keepInTab(key: string, value: string | undefined): void {
  memory.delete(key);
  try {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    if (value !== undefined) memory.set(key, value);
  }
}
