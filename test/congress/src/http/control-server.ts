import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { faultPlanSchema } from '../faults/fault';
import type { FaultSchedule } from '../faults/schedule';
import { isOutcomeKey, outcomeSchema, outcomesSchema } from '../outcomes/outcome';
import type { OutcomeTable } from '../outcomes/outcome-table';
import { isPresetName, outcomesOf, PRESETS } from '../outcomes/presets';
import type { ReceivedMessages } from '../received';
import { answer, readBody } from './body';

const MAX_BODY_BYTES = 1024 * 1024;

/** What the control port answers instead of doing as asked; README.md has the table. */
export type ControlErrorCode =
  | 'loopback_only'
  | 'no_such_address'
  | 'body_too_large'
  | 'not_json'
  | 'not_a_fault_plan'
  | 'not_an_outcome'
  | 'unknown_office'
  | 'unknown_preset'
  | 'no_outcome';

class ControlError extends Error {
  constructor(
    readonly status: number,
    readonly code: ControlErrorCode,
    message: string,
    readonly problems?: unknown,
  ) {
    super(message);
  }
}

/** `rest` is what follows the route in the path, decoded. */
type Route = (call: { readonly rest: string; readonly body: () => Promise<unknown> }) => unknown;

/**
 * How another process reads what arrived, chooses outcomes and orders faults: plain HTTP on loopback, JSON both ways. A route that
 * returns nothing answers 204. README.md lists the routes.
 */
export class ControlServer {
  private readonly routes: Readonly<Record<string, Route>>;

  constructor(faults: FaultSchedule, received: ReceivedMessages, outcomes: OutcomeTable) {
    this.routes = {
      'GET received': () => received.all(),
      'DELETE received': () => {
        received.clear();
      },
      'GET faults': () => faults.counts(),
      'POST faults': async ({ body }) => {
        faults.set(parse(faultPlanSchema, await body(), 'not_a_fault_plan'));
      },
      'GET outcomes': () => outcomes.all(),
      'PUT outcomes': async ({ body }) => {
        outcomes.replace(parse(outcomesSchema, await body(), 'not_an_outcome'));
      },
      'DELETE outcomes': () => {
        outcomes.replace({});
      },
      'PUT outcomes/': async ({ rest, body }) => {
        outcomes.set(knownOffice(rest), parse(outcomeSchema, await body(), 'not_an_outcome'));
      },
      'DELETE outcomes/': ({ rest }) => {
        if (!outcomes.clear(knownOffice(rest))) throw new ControlError(404, 'no_outcome', `${rest} has no outcome`);
      },
      'GET presets': () =>
        Object.fromEntries(Object.entries(PRESETS).map(([name, { description }]) => [name, description])),
      'POST presets/': ({ rest }) => {
        if (!isPresetName(rest))
          throw new ControlError(404, 'unknown_preset', `the presets are ${Object.keys(PRESETS).join(', ')}`);
        outcomes.replace(outcomesOf(rest));
      },
    };
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      refuseBrowsers(request);
      const [, name = '', slash = '', rest = ''] =
        /^\/control\/([a-z]+)(\/?)([A-Za-z0-9_-]{0,50})$/.exec((request.url ?? '').split('?')[0] ?? '') ?? [];
      const key = `${request.method ?? ''} ${name}${slash}`;
      const route = Object.hasOwn(this.routes, key) ? this.routes[key] : undefined;
      if (!route) throw new ControlError(404, 'no_such_address', `the addresses are: ${this.addresses()}`);
      const result = await route({ rest, body: () => readJson(request) });
      if (result === undefined) answer(response, 204, 'application/json', '');
      else json(response, 200, result);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      const { status, code, message, problems } = error;
      json(response, status, { code, message, ...(problems === undefined ? {} : { problems }) });
    }
  }

  private addresses(): string {
    return Object.keys(this.routes)
      .map((key) => key.replace(' ', ' /control/').replace(/\/$/, '/<name>'))
      .join(', ');
  }
}

/** A web page in a browser of this machine must not reach the control port: neither by a name of its own nor by a form. */
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

/** zod drops such a key, and a set with one wrong key would be taken as an empty one. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('__proto__');
  return value;
}

/** Problems name the place and the rule; they repeat a key of the body, and never a value. */
function parse<Output>(schema: z.ZodType<Output>, value: unknown, code: ControlErrorCode): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 50)
    .map(({ path, message }) => ({ at: path.map(String).join('/').slice(0, 100), message: message.slice(0, 300) }));
  throw new ControlError(400, code, 'the body does not have the required shape', problems);
}

function knownOffice(key: string): string {
  if (!isOutcomeKey(key)) throw new ControlError(404, 'unknown_office', 'no office of the table, and no chamber');
  return key;
}

function json(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, 'application/json', JSON.stringify(body));
}
