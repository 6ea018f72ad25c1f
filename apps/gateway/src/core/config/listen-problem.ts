import type { GatewayConfig } from './gateway-config';

/** Returns a text `NAME: rule` about the port or host that made `listen` fail; undefined if the error has another cause. */
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
      return `${name}: ${String(port)} may not be used by this user: set a port of 1024 or more`;
    case 'EADDRNOTAVAIL':
      return `${hostName}: ${host} is not an address of this machine`;
    default:
      return undefined;
  }
}
