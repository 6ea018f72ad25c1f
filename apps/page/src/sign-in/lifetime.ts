/**
 * Returns the remaining lifetime of a JWT by its `exp`. Does not verify the token: `exp` only decides when the page reports it as expired.
 */
export function lifetimeOf(token: string): { readonly lifetimeMs?: number } {
  try {
    const [, payload = ''] = token.split('.');
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown };
    return typeof exp === 'number' ? { lifetimeMs: exp * 1000 - Date.now() } : {};
  } catch {
    return {};
  }
}
