/** Values that a label may take. Whatever is not in its list becomes `other`: no caller can make up a series. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export const OTHER = 'other';
/** No route of ours matched. */
export const UNMATCHED = 'unmatched';

export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : OTHER;
}

export function statusLabel(status: number): string {
  return Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : OTHER;
}
