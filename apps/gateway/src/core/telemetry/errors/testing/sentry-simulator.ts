import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the simulator answers the next envelopes. `take` answers as Sentry does. */
export type Behaviour =
  | { readonly kind: 'take' | 'hang' | 'cut' }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

export interface Envelope {
  readonly header: Readonly<Record<string, unknown>>;
  readonly items: readonly { readonly header: Readonly<Record<string, unknown>>; readonly payload: unknown }[];
}

export interface Arrival {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The envelope's bytes, as latin1 text. */
  readonly raw: string;
  readonly envelope: Envelope;
}

/**
 * Simulates Sentry's ingestion for one project, on a free port of 127.0.0.1. It keeps every envelope, and `behaviour` sets its answers.
 */
export class SentrySimulator {
  readonly arrivals: Arrival[] = [];
  /** Headers and bodies of the requests that the simulator could not read. */
  readonly malformed: string[] = [];
  behaviour: Behaviour = { kind: 'take' };
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const body = Buffer.concat(chunks);
        const raw = `${request.rawHeaders.join('\n')}\n\n${body.toString('latin1')}`;
        try {
          this.arrivals.push({
            method: request.method,
            url: request.url,
            headers: request.headers,
            raw,
            envelope: parseEnvelope(body),
          });
        } catch {
          this.malformed.push(raw);
        }
        answer(this.behaviour, response);
      });
  });

  constructor(readonly publicKey: string) {}

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://${this.publicKey}@127.0.0.1:${String((this.server.address() as AddressInfo).port)}/42`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The events received, unchanged. */
  events(): Record<string, unknown>[] {
    return this.arrivals.flatMap(({ envelope }) =>
      envelope.items
        .filter(({ header }) => header['type'] === 'event')
        .map(({ payload }) => payload as Record<string, unknown>),
    );
  }

  async until(holds: () => boolean): Promise<void> {
    for (let round = 0; round < 2000 && !holds(); round++) await sleep(5);
  }
}

/** An envelope is a line of JSON (the header), then the items. Each item here is two lines of JSON: the item's header and its payload. */
function parseEnvelope(body: Uint8Array): Envelope {
  const lines = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body).split('\n');
  if (lines.at(-1) === '') lines.pop();
  const [header, ...rest] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  if (header === undefined || rest.length === 0 || rest.length % 2 !== 0) throw new Error('not an envelope');
  const items = Array.from({ length: rest.length / 2 }, (_, at) => ({
    header: rest[2 * at] ?? {},
    payload: rest[2 * at + 1],
  }));
  if (items.some((item) => typeof item.header['type'] !== 'string')) throw new Error('an item without its type');
  return { header, items };
}

function answer(behaviour: Behaviour, response: ServerResponse): void {
  if (behaviour.kind === 'take') response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"0"}');
  else if (behaviour.kind === 'cut') response.socket?.destroy();
  else if (behaviour.kind === 'status')
    response.writeHead(behaviour.status, behaviour.headers ?? {}).end(behaviour.body ?? '');
}
