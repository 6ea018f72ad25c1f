import type { GatewayConfig } from '../../core/config/gateway-config';

/**
 * The page's own scripts and styles, and requests to this server and to the token endpoint of its sign-in: nothing else, nothing inline,
 * no code made at run time. It builds its content node by node, so no text ever becomes markup (Trusted Types with no policy that could
 * make it so).
 */
export function pagePolicy({ signIn }: GatewayConfig['page']): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${["'self'", ...(signIn === undefined ? [] : [signIn.tokenEndpoint])].join(' ')}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/** Features that a page of forms and text has no use for. */
export const PERMISSIONS_POLICY = 'camera=(), geolocation=(), microphone=(), payment=(), usb=()';
