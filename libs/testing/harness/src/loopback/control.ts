import type { IncomingMessage, ServerResponse } from 'node:http';
import type * as z from 'zod';
import { readBody, type Handler } from './server';

const MAX_BODY_BYTES = 1024 * 1024;

/** Thrown to refuse a request. The control port answers with JSON `{ code, message, problems? }`. */
export class ControlError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly problems?: unknown,
  ) {
    super(message);
  }
}

/** `rest` is the part of the path after the route. */
export type ControlRoute = (call: { readonly rest: string; readonly body: () => Promise<unknown> }) => unknown;

/**
 * Returns the handler of a simulator's control port. Another process sets the simulator's behavior there by JSON over plain HTTP on
 * loopback. A route with the key `GET faults` has the address `/control/faults`. A route with the key `PUT outcomes/` has the address
 * `/control/outcomes/<name>`. A route that returns nothing answers 204. The port's own errors are 400 `not_json`, 403 `loopback_only`,
 * 404 `no_such_address` and 413 `body_too_large` (more than 1 MiB).
 */
export function controlHandler(routes: Readonly<Record<string, ControlRoute>>): Handler {
  const addresses = Object.keys(routes)
    .map((key) => key.replace(' ', ' /control/').replace(/\/$/, '/<name>'))
    .join(', ');
  return async (request, response) => {
    try {
      refuseBrowsers(request);
      const [, name = '', slash = '', rest = ''] =
        /^\/control\/([a-z]+)(\/?)([A-Za-z0-9_-]{0,50})$/.exec((request.url ?? '').split('?')[0] ?? '') ?? [];
      const key = `${request.method ?? ''} ${name}${slash}`;
      const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
      if (!route) throw new ControlError(404, 'no_such_address', `the addresses are: ${addresses}`);
      const result = await route({ rest, body: () => readJson(request) });
      if (result === undefined) send(response, 204, '');
      else send(response, 200, JSON.stringify(result));
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      const { status, code, message, problems } = error;
      send(response, status, JSON.stringify({ code, message, ...(problems === undefined ? {} : { problems }) }));
    }
  };
}

/**
 * Returns the body in the form of `schema`. Problems name the place and the rule. They may contain a key of the body, but never a value.
 * @throws ControlError 400 with `code`
 */
export function controlBody<Output>(schema: z.ZodType<Output>, value: unknown, code: string): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 50)
    .map(({ path, message }) => ({ at: path.map(String).join('/').slice(0, 100), message: message.slice(0, 300) }));
  throw new ControlError(400, code, 'the body does not have the required shape', problems);
}

/** Refuses requests of web pages. Otherwise a page could reach the control port by a form or by DNS rebinding. */
function refuseBrowsers({ headers }: IncomingMessage): void {
  const local = /^(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?$/.test(headers.host ?? '');
  const crossOrigin = headers.origin !== undefined || (headers['sec-fetch-site'] ?? 'none') !== 'none';
  if (!local || crossOrigin)
    throw new ControlError(403, 'loopback_only', 'this port answers local programs, not web pages');
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if (!body) throw new ControlError(413, 'body_too_large', `at most ${MAX_BODY_BYTES} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body), refuseProto);
  } catch {
    throw new ControlError(400, 'not_json', 'the body is not JSON in UTF-8, or has a key __proto__');
  }
}

/** Refuses the key `__proto__`. zod drops this key, so an object that has only this key would pass as an empty object. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('__proto__');
  return value;
}

function send(response: ServerResponse, status: number, body: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  });
  response.end(body);
}
