import { request } from 'node:https';
import type { CongressSimulator } from '../simulator';

export interface Posted {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

export interface PostOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** Sends one HTTPS request, and trusts only the simulator's certificate authority. Rejects if the connection breaks. */
export function send(
  simulator: CongressSimulator,
  url: string,
  { method = 'POST', headers = { 'content-type': 'application/xml' }, body = '' }: PostOptions = {},
): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, headers, ca: simulator.certificateAuthorityPem, agent: false },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => (text += chunk));
        incoming.once('error', reject);
        incoming.once('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }),
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
