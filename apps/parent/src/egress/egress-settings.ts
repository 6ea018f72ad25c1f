import { formatAddress, type Address } from '@communique-tee/vsock';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { localAddress, messageOf, wholeNumber, type Problem } from '../command-line';

/** One listener for one destination. No data that it receives can choose another destination. */
export interface Route {
  readonly listen: Address;
  /** A DNS name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, for logs and metrics. */
  readonly destination: string;
  readonly maxConnections: number;
}

export interface EgressSettings {
  readonly routes: readonly Route[];
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly drainMs: number;
  readonly metrics: Address | undefined;
}

export type Parsed<Settings> =
  { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly problems: readonly string[] };

const NUMBERS = {
  'max-connections': { key: 'maxConnections', range: [1, 100_000], byDefault: 512 },
  'max-connections-per-route': { key: 'maxConnectionsPerRoute', range: [1, 100_000], byDefault: 256 },
  'connect-timeout-ms': { key: 'connectTimeoutMs', range: [100, 120_000], byDefault: 10_000 },
  'idle-timeout-ms': { key: 'idleTimeoutMs', range: [100, 86_400_000], byDefault: 300_000 },
  'drain-ms': { key: 'drainMs', range: [0, 600_000], byDefault: 10_000 },
} as const;
type NumberOption = keyof typeof NUMBERS;

const MAX_ROUTES = 32;
const within = ([min, max]: readonly [number, number]) =>
  z.int(`must be a whole number from ${min} to ${max}`).min(min).max(max).optional();
const fileSchema = z.strictObject({
  routes: z
    .array(
      z.strictObject({
        listen: z.string(),
        host: z.string(),
        port: z.int().min(1).max(65_535),
        maxConnections: within([1, 100_000]),
      }),
    )
    .max(MAX_ROUTES)
    .optional(),
  maxConnections: within(NUMBERS['max-connections'].range),
  maxConnectionsPerRoute: within(NUMBERS['max-connections-per-route'].range),
  connectTimeoutMs: within(NUMBERS['connect-timeout-ms'].range),
  idleTimeoutMs: within(NUMBERS['idle-timeout-ms'].range),
  drainMs: within(NUMBERS['drain-ms'].range),
  metrics: z.string().optional(),
});
type ConfigFile = z.output<typeof fileSchema>;

const OPTIONS = {
  route: { type: 'string', multiple: true },
  config: { type: 'string' },
  metrics: { type: 'string' },
  'max-connections': { type: 'string' },
  'max-connections-per-route': { type: 'string' },
  'connect-timeout-ms': { type: 'string' },
  'idle-timeout-ms': { type: 'string' },
  'drain-ms': { type: 'string' },
} as const;

/** Returns the settings, or every problem with them at once. */
export function parseEgressSettings(
  args: readonly string[],
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Parsed<EgressSettings> {
  const problems: string[] = [];
  const problem: Problem = (where, rule) => problems.push(`${where}: ${rule}`);
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS, strict: true }));
  } catch (error) {
    return { ok: false, problems: [messageOf(error)] };
  }
  const file: ConfigFile = values.config === undefined ? {} : readConfig(values.config, readFile, problem);
  const number = (option: NumberOption): number => {
    const { key, range, byDefault } = NUMBERS[option];
    const text = values[option];
    return (text === undefined ? file[key] : wholeNumber(text, range, `--${option}`, problem)) ?? byDefault;
  };
  const perRoute = number('max-connections-per-route');
  const routes = [
    ...(values.route ?? []).map((text, index) => routeOfText(text, perRoute, `--route ${index + 1}`, problem)),
    ...(file.routes ?? []).map(({ listen, host, port, maxConnections = perRoute }, index) =>
      route(listen, host, port, maxConnections, `routes.${index}`, problem),
    ),
  ].filter((each) => each !== undefined);
  if (routes.length === 0 && problems.length === 0) problem('--route', 'at least one is needed, here or in --config');
  if (routes.length > MAX_ROUTES) problem('--route', `at most ${MAX_ROUTES}`);
  const metricsText = values.metrics ?? file.metrics;
  const metrics = metricsText === undefined ? undefined : localAddress(metricsText, '--metrics', problem);
  noAddressTwice([...routes.map(({ listen }) => listen), ...(metrics === undefined ? [] : [metrics])], problem);
  const settings: EgressSettings = {
    routes,
    maxConnections: number('max-connections'),
    connectTimeoutMs: number('connect-timeout-ms'),
    idleTimeoutMs: number('idle-timeout-ms'),
    drainMs: number('drain-ms'),
    metrics,
  };
  return problems.length === 0 ? { ok: true, settings } : { ok: false, problems };
}

function readConfig(path: string, readFile: (path: string) => string, problem: Problem): ConfigFile {
  let value: unknown;
  try {
    value = JSON.parse(readFile(path));
  } catch (error) {
    problem('--config', error instanceof SyntaxError ? 'is not JSON' : 'cannot be read');
    return {};
  }
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) problem(issue.path.join('.') || '--config', issue.message);
  return {};
}

function routeOfText(text: string, maxConnections: number, where: string, problem: Problem): Route | undefined {
  // Splits at the last "=", because a path may contain one and a destination cannot.
  const [, listen, host, port] = /^(.+)=(\[[^\]]*\]|[^=:[\]]*):([0-9]{1,5})$/s.exec(text) ?? [];
  if (listen === undefined || host === undefined) {
    problem(where, '<address>=<host>:<port>, e.g. vsock:8001=cwc.house.gov:443');
    return undefined;
  }
  return route(listen, host, Number(port), maxConnections, where, problem);
}

function route(
  listenText: string,
  hostText: string,
  port: number,
  maxConnections: number,
  where: string,
  problem: Problem,
): Route | undefined {
  const listen = localAddress(listenText, where, problem);
  const host = hostText.replace(/^\[(.*)\]$/, '$1');
  const bracketed = host !== hostText;
  const hostIsValid = bracketed
    ? isIPv6(host)
    : hostText.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(hostText) && !hostText.includes('..');
  if (!hostIsValid) problem(where, 'the host is a name in lower case, an IPv4 address, or an IPv6 address in brackets');
  if (port < 1 || port > 65_535) problem(where, 'a port is 1 to 65535');
  if (listen === undefined || !hostIsValid || port < 1 || port > 65_535) return undefined;
  return { listen, host, port, destination: `${hostText}:${port}`, maxConnections };
}

function noAddressTwice(addresses: readonly Address[], problem: Problem): void {
  const free = (address: Address) => address.kind === 'tcp' && address.port === 0;
  const seen = new Set<string>();
  for (const address of addresses.filter((each) => !free(each))) {
    const text = formatAddress(address);
    if (seen.has(text)) problem(text, 'is used twice: each listener needs its own address');
    seen.add(text);
  }
}
