import type { GatewayConfig } from './gateway-config';

/** Returns the setting behind a failed `listen` (PORT or METRICS_PORT) as `NAME: rule`, and undefined for any other error. */
export function listenProblem(error: unknown, { http, metrics }: GatewayConfig): string | undefined {
  if (!(error instanceof Error) || !('port' in error) || !('code' in error)) return undefined;
  const [name, hostName, { host, port }] =
    error.port === http.port
      ? (['PORT', 'HOST', http] as const)
      : (['METRICS_PORT', 'METRICS_HOST', metrics.listen ?? { host: '', port: undefined }] as const);
  if (error.port !== port) return undefined;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${name}: ${String(port)} on ${host} is taken by another program: end it, or set another port`;
    case 'EACCES':
      return `${name}: ${String(port)} may not be used by this user: ports below 1024 need a right of their own`;
    case 'EADDRNOTAVAIL':
      return `${hostName}: ${host} is not an address of this machine`;
    default:
      return undefined;
  }
}
