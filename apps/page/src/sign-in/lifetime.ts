/**
 * Returns the remaining lifetime by the `exp` of a JWT. The token is not verified here: `exp` only decides when the page reports the token
 * as expired.
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
