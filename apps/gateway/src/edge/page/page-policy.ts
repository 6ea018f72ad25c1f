import { WORKER_POLICY } from '@communique-tee/residence/prover/browser';
import type { GatewayConfig } from '../../core/config/gateway-config';

/**
 * Allows only scripts and styles from files of this server. Allows requests only to this server and the token endpoint of the sign-in.
 * Trusted Types keep text from becoming markup.
 *
 * A page that makes proofs of residence may also fetch the registrar's files, and start a worker from this server.
 */
export function pagePolicy({ page, residence }: Pick<GatewayConfig, 'page' | 'residence'>, proves: boolean): string {
  const registrar = proves && residence.mode !== 'off' ? residence.files : undefined;
  const connect = ["'self'", page.signIn?.tokenEndpoint, registrar].filter((source) => source !== undefined);
  return [
    "default-src 'none'",
    "script-src 'self'",
    ...(registrar === undefined ? [] : ["worker-src 'self'"]),
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${connect.join(' ')}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    `trusted-types ${registrar === undefined ? "'none'" : WORKER_POLICY}`,
  ].join('; ');
}

/** Headers of the worker's file. A worker does not have the page's policy: it may run WebAssembly and load files of this server. */
export const WORKER_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'",
  // If an operator's proxy isolates the page, browsers accept only a worker that is isolated too
  'cross-origin-embedder-policy': 'require-corp',
} as const;

/** Turns off features of browsers that the page does not use. */
export const PERMISSIONS_POLICY = 'camera=(), geolocation=(), microphone=(), payment=(), usb=()';
