// The spec loads this module into a page.
export const add = (a: number, b: number) => a + b;

export function fail(): never {
  throw new TypeError('as asked');
}

export async function environment() {
  return {
    secure: isSecureContext,
    subtle: typeof crypto.subtle.digest,
    node: typeof (globalThis as { process?: unknown }).process,
    digest: [...new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array()))].slice(0, 2),
  };
}

declare const isSecureContext: boolean;
