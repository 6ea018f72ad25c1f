import type { Draw } from '@communique-tee/testing/harness';
import { sealAsLegacyClient } from '@communique-tee/enclave/testing/legacy-client';
import { CREDENTIALS } from '@communique-tee/enclave/testing/sealed-surroundings';
import { encode } from 'cborg';
import type { CongressSimulator } from '@communique-tee/congress-simulator';
import type { Reply } from '../http';
import type { FuzzWorld } from './fuzz-world';
import { mutateBytes, mutateCbor, mutateValue, oddText, randomBytesOf } from './mutate';

/** One input that the enclave got, and its reply. */
export interface Observation {
  readonly input: Uint8Array;
  /** Null if this input gets no HTTP reply, such as a configuration or bytes that are not HTTP. */
  readonly reply: Reply | null;
}

export interface Target {
  readonly name: string;
  /** How often this kind of input is chosen, relative to the other kinds. */
  readonly weight: number;
  /** The codes that a 5xx answer to this input may have, in addition to `enclave_busy`. */
  readonly mayFail?: readonly string[];
  readonly run: (draw: Draw, world: FuzzWorld) => Promise<Observation>;
}

const CBOR = { 'content-type': 'application/cbor' };

type FaultInput = NonNullable<Parameters<CongressSimulator['setFaults']>[0]['queue']>[number]['fault'];

/**
 * The kinds of input for a running enclave, except proofs of residence and tasks for models. configuration.ts fuzzes the configuration,
 * which the enclave reads only when it starts.
 */
export const TARGETS: readonly Target[] = [
  {
    name: 'sealed message',
    weight: 12,
    run: async (draw, { parent, corpus }) => {
      const input = mutateCbor(draw, corpus.sealed);
      return { input, reply: await parent.ask('POST', '/messages', input, CBOR) };
    },
  },
  {
    name: 'content of a sealed message',
    weight: 12,
    run: async (draw, { parent, identity, corpus }) => {
      const input = mutateCbor(draw, corpus.plaintext).subarray(0, 200_000);
      const { sealed } = parent.sealBytes(identity, input);
      return { input, reply: await parent.ask('POST', '/messages', sealed, CBOR) };
    },
  },
  {
    name: 'legacy message',
    weight: 6,
    run: async (draw, { parent, corpus }) => {
      const input = mutateCbor(draw, corpus.legacySealed);
      return { input, reply: await parent.ask('POST', '/messages', input, CBOR) };
    },
  },
  {
    name: 'content of a legacy message',
    weight: 6,
    run: async (draw, { parent, legacyKey, corpus }) => {
      const text = draw.chance(0.5)
        ? Buffer.from(mutateBytes(draw, Buffer.from(corpus.legacyText))).toString('latin1')
        : JSON.stringify(mutateValue(draw, JSON.parse(corpus.legacyText)), (_, value: unknown) =>
            typeof value === 'bigint' ? String(value) : value,
          );
      const { sealed } = await sealAsLegacyClient(legacyKey, text.slice(0, 200_000).padEnd(2));
      return { input: Buffer.from(text), reply: await parent.ask('POST', '/messages', sealed, CBOR) };
    },
  },
  {
    name: 'headers of earlier attempts',
    weight: 5,
    run: async (draw, { parent, identity, corpus }) => {
      const receipt = Buffer.from(mutateBytes(draw, Buffer.from(corpus.receipt))).toString('latin1');
      const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, '.').slice(0, 12_000);
      const headers = {
        'communique-dispatched-before': printable(draw.one(['1', '0', '', oddText(draw)])),
        'communique-interim-receipt': printable(draw.one([receipt, corpus.receipt, oddText(draw), 'a.b.c'])),
        [draw.one(['expect', 'x-forwarded-for', 'accept', 'cookie'])]: printable(oddText(draw)),
      };
      const { sealed } = parent.sealBytes(identity, corpus.plaintext.slice(0, draw.whole(0, 100)));
      const reply = await parent.ask('POST', '/messages', sealed, { ...CBOR, ...headers });
      return { input: Buffer.from(JSON.stringify(headers)), reply };
    },
  },
  {
    name: 'offer of keys',
    weight: 8,
    mayFail: ['keys_not_ready'],
    run: async (draw, { parent, corpus }) => {
      const offer = {
        v: 1,
        credentials: draw.chance(0.1) ? CREDENTIALS : null,
        records: [corpus.record, mutateCbor(draw, corpus.record)],
        revoked: [randomBytesOf(draw, 16)],
        secrets: { 'cwc-house': corpus.secret },
      };
      const input = mutateCbor(draw, encode(offer));
      return { input, reply: await parent.ask('POST', '/keys', input, CBOR) };
    },
  },
  {
    name: 'records and credentials',
    weight: 5,
    run: async (draw, { parent, corpus }) => {
      const records = Array.from({ length: draw.whole(1, 5) }, () =>
        mutateCbor(draw, corpus.record).subarray(0, 16_000),
      );
      const input = encode({
        v: 1,
        credentials: {
          ...CREDENTIALS,
          session_token: 'x'.repeat(draw.whole(1, 8192)),
          expires: draw.whole(0, 2 ** 31),
        },
        records: [corpus.record, ...records],
        revoked: [],
        secrets: {},
      });
      return { input, reply: await parent.ask('POST', '/keys', input, CBOR) };
    },
  },
  {
    name: 'nonce of a document',
    weight: 5,
    run: async (draw, { parent }) => {
      const nonce = draw.one([
        randomBytesOf(draw, draw.whole(0, 600)).toString('hex'),
        encodeURIComponent(oddText(draw).toWellFormed()),
        `${randomBytesOf(draw, 32).toString('hex')}&nonce=00`,
        `${'00'.repeat(32)}%00`,
      ]);
      return {
        input: Buffer.from(nonce),
        reply: await parent.ask('GET', `/attestation?nonce=${nonce.slice(0, 8000)}`),
      };
    },
  },
  {
    name: 'bytes on the listener',
    weight: 10,
    run: async (draw, { parent, corpus }) => {
      const body = Buffer.from(corpus.sealed).subarray(0, 200);
      const head = draw.one([
        'GET /health HTTP/1.1\r\nhost: x\r\n\r\n',
        `POST /messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: ${String(body.length)}\r\n\r\n`,
        'POST /keys HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-type: application/cbor\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
        'POST /messages HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc',
        'GET /attestation HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      ]);
      const input = mutateBytes(draw, Buffer.concat([Buffer.from(head), body]));
      return { input, reply: asReply(await parent.raw(input, 40)) };
    },
  },
  {
    name: 'answer of Congress',
    weight: 3,
    run: async (draw, { parent, identity, corpus }) => {
      const text = draw
        .one([oddText(draw), '<xml>'.repeat(5000), JSON.stringify({ error: oddText(draw) })])
        .slice(0, 900_000);
      const fault = draw.one<FaultInput>([
        { kind: 'status' as const, status: draw.whole(200, 599), body: text, stored: draw.chance(0.5) },
        {
          kind: 'status' as const,
          status: 503,
          body: text,
          retryAfter: oddText(draw)
            .replace(/[^\x20-\x7e]/g, '')
            .slice(0, 90),
        },
        { kind: 'garbage' as const },
        {
          kind: 'cut' as const,
          at: draw.one(['before_reading', 'after_reading', 'after_storing', 'in_the_answer'] as const),
        },
        { kind: 'redirect' as const, location: 'https://example.org/' },
      ]);
      parent.congress.setFaults({ queue: [{ fault, times: 3 }] });
      const { sealed } = parent.sealBytes(identity, corpus.plaintext);
      try {
        return {
          input: Buffer.from(JSON.stringify(fault)),
          reply: await parent.ask('POST', '/messages', sealed, CBOR),
        };
      } finally {
        parent.congress.setFaults({});
      }
    },
  },
  {
    name: 'bytes from egress',
    weight: 3,
    run: async (draw, { parent, identity, corpus }) => {
      const input = mutateBytes(draw, corpus.tls);
      parent.egress.rule = () => (draw.chance(0.2) ? { cutAfterBytes: draw.whole(1, 4000) } : { answer: input });
      const { sealed } = parent.sealBytes(identity, corpus.plaintext);
      try {
        return { input, reply: await parent.ask('POST', '/messages', sealed, CBOR) };
      } finally {
        parent.egress.rule = () => 'pass';
      }
    },
  },
  {
    name: 'answer of KMS',
    weight: 1,
    run: async (draw, { parent, corpus, freshSecret }) => {
      let seen: unknown = null;
      const change = (answer: Record<string, unknown>) => {
        const { CiphertextForRecipient: envelope } = answer;
        const next =
          typeof envelope === 'string' && draw.chance(0.8)
            ? {
                ...answer,
                CiphertextForRecipient: Buffer.from(mutateBytes(draw, Buffer.from(envelope, 'base64'))).toString(
                  'base64',
                ),
              }
            : (mutateValue(draw, answer) as Record<string, unknown>);
        seen = JSON.parse(
          JSON.stringify(next, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
        );
        return seen as Record<string, unknown>;
      };
      const secret = await freshSecret();
      parent.kms.faults.add({ kind: 'answer', change }, { times: 'always' });
      const offer = {
        credentials: CREDENTIALS,
        revoked: [],
        records: [corpus.record],
        secrets: { 'cwc-house': secret },
      };
      try {
        const reply = await parent.ask('POST', '/keys', encode({ v: 1, ...offer }), CBOR);
        return { input: Buffer.from(JSON.stringify(seen)), reply };
      } finally {
        parent.kms.faults.clear();
      }
    },
  },
  {
    name: 'answer of the NSM',
    weight: 3,
    // The hypervisor is trusted. An enclave whose NSM lies may refuse everything, but must keep running.
    mayFail: ['internal_error', 'keys_not_ready'],
    run: async (draw, { parent, setNsm }) => {
      let input: Uint8Array = new Uint8Array();
      setNsm((answer) => (input = mutateCbor(draw, answer).subarray(0, 12_000)));
      try {
        const reply = await parent.ask('GET', `/attestation?nonce=${randomBytesOf(draw, 32).toString('hex')}`);
        return { input, reply };
      } finally {
        setNsm(null);
      }
    },
  },
];

function asReply(bytes: Buffer): Reply | null {
  const [, status] = /^HTTP\/1\.1 ([0-9]{3}) /.exec(bytes.toString('latin1')) ?? [];
  return status === undefined
    ? null
    : {
        status: Number(status),
        headers: {},
        body: bytes,
        ms: 0,
        code: /"code":"([a-z_]+)"/.exec(bytes.toString('latin1'))?.[1] ?? null,
      };
}
