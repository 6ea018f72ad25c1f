import { prepareMessage, verifyResult, type TrustPolicy } from '@communique-tee/client';
import { verifyEnclave } from '@communique-tee/enclave-identity';
import { fromBase64, sealedMessageToJson, toHex, type Answer, type CongressMessage } from '@communique-tee/protocol';
import createClient from 'openapi-fetch';
// openapi-typescript makes `./openapi` from a gateway's OpenAPI document when generated-client.ts checks this program.
import type { components, paths } from './openapi';

type Message = components['schemas']['Message'];
type Problem = components['schemas']['Problem'];

const FIVE_MINUTES_MS = 300_000;

/** Sends a message with a client that was generated from the gateway's OpenAPI document: attests, seals, submits, watches, verifies. */
export async function sendMessage(
  gateway: string,
  token: string,
  policy: TrustPolicy,
  content: CongressMessage,
): Promise<{ readonly statuses: readonly Message['status'][]; readonly answer: Answer }> {
  const client = createClient<paths, 'application/json' | 'application/problem+json'>({
    baseUrl: gateway,
    headers: { authorization: `Bearer ${token}` },
  });

  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const attestation = await client.GET('/attestation', { params: { query: { nonce: toHex(nonce) } } });
  if (attestation.error) throw refused(attestation.error);
  const document = fromBase64(attestation.data.attestation_document);
  const checks = { ...policy, freshness: { nonce }, maxAgeMs: FIVE_MINUTES_MS, maxFutureSkewMs: FIVE_MINUTES_MS };
  const prepared = prepareMessage(content, { ...(await verifyEnclave({ document }, checks)), document });

  const submitted = await client.POST('/api/messages', { body: sealedMessageToJson(prepared.message) });
  if (submitted.error) throw refused(submitted.error);
  const params = { path: { id: submitted.data.id } };

  const events = await client.GET('/api/messages/{id}/events', { params, parseAs: 'text' });
  if (events.error) throw refused(events.error);
  const seen = [...events.data.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Message);

  const ended = await client.GET('/api/messages/{id}', { params });
  if (ended.error) throw refused(ended.error);
  const { answer } = await verifyResult(ended.data, prepared, policy);
  return { statuses: [submitted.data, ...seen, ended.data].map(({ status }) => status), answer };
}

function refused({ code, title }: Problem): Error {
  return new Error(`${code}: ${title}`);
}

/** Mistakes that the types must refuse. Never called. */
export async function mistakes(client: ReturnType<typeof createClient<paths>>): Promise<void> {
  // @ts-expect-error no such operation
  await client.GET('/api/message', {});
  // @ts-expect-error the id is required
  await client.GET('/api/messages/{id}', {});
  // @ts-expect-error a sealed message has more than a ciphertext
  await client.POST('/api/messages', { body: { ciphertext: 'AAAA' } });
  // @ts-expect-error no such status
  const status: Message['status'] = 'lost';
  // @ts-expect-error no such code
  const code: Problem['code'] = 'lost';
  void [status, code];
}
