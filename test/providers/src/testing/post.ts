import { request } from 'node:https';
import type { SimulatedProvider } from '../models';
import type { SimulatedProviders } from '../simulator';

export interface Posted {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Sends one HTTPS request that trusts the simulator's authority. Rejects if the connection breaks. */
export function send(
  providers: SimulatedProviders,
  url: string,
  {
    method = 'POST',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, headers, ca: providers.certificateAuthorities, agent: false },
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

/** Returns a well-formed request for text at this provider, with a valid API key. */
export function goodRequest(
  providers: SimulatedProviders,
  provider: SimulatedProvider,
): { url: string; headers: Record<string, string>; body: Record<string, unknown> } {
  const { origin, apiKey } = providers[provider];
  switch (provider) {
    case 'openai':
      return {
        url: `${origin}/v1/responses`,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: { model: 'gpt-5.1', input: 'Please fix the road.', max_output_tokens: 256, store: false },
      };
    case 'gemini':
      return {
        url: `${origin}/v1beta/models/gemini-2.5-flash:generateContent`,
        headers: { 'x-goog-api-key': apiKey, 'content-type': 'application/json' },
        body: { contents: [{ role: 'user', parts: [{ text: 'Please fix the road.' }] }] },
      };
    case 'anthropic':
      return {
        url: `${origin}/v1/messages`,
        headers: { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
        body: {
          model: 'claude-opus-4-7',
          max_tokens: 256,
          messages: [{ role: 'user', content: 'Please fix the road.' }],
        },
      };
  }
}
