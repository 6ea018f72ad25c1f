import { request } from 'node:https';

/** Returns a `fetch` for the official SDKs that trusts only the simulator's authority; Node's `fetch` has no option for it. */
export function trustingFetch(certificateAuthorities: string): typeof fetch {
  return async (input, init) => {
    const sent = new Request(input, init);
    const body = Buffer.from(await sent.arrayBuffer());
    return new Promise<Response>((resolve, reject) => {
      const outgoing = request(
        sent.url,
        {
          method: sent.method,
          headers: Object.fromEntries(sent.headers),
          ca: certificateAuthorities,
          agent: false,
          ...(init?.signal ? { signal: init.signal } : {}),
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.once('error', reject);
          incoming.once('end', () =>
            resolve(
              new Response(Buffer.concat(chunks), {
                status: incoming.statusCode ?? 0,
                headers: Object.entries(incoming.headers).map(([name, value]): [string, string] => [
                  name,
                  String(value),
                ]),
              }),
            ),
          );
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  };
}
