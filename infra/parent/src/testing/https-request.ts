import { request, type RequestOptions } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Sends a request to 127.0.0.1 under another host name. */
export function httpsRequest(
  port: number,
  name: string,
  ca: string,
  options: RequestOptions & { readonly body?: string | Uint8Array } = {},
): Promise<Answer> {
  return new Promise((done, fail) => {
    const { body, ...rest } = options;
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        servername: name,
        ca,
        agent: false,
        ...rest,
        headers: { host: name, ...rest.headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString() });
        });
        response.on('error', fail);
      },
    );
    sent.on('error', fail);
    sent.end(body);
  });
}
