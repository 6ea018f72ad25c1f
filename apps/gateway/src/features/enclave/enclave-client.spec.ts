import { createServer, type Server, type Socket } from 'node:net';
import {
  LIMITS,
  encodeKeyStatus,
  encodeRelayAnswer,
  encodeSealedAnswer,
  toBase64Url,
  type KeyStatus,
  type RelayAnswer,
} from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { listen, type UnixAddress } from '@communique-tee/vsock';
import { MAX_RELAYS } from './enclave-agent';
import { EnclaveClient } from './enclave-client';
import { TestEnclave, answer, cut, problem, silent, type Behaviour, enclaveHealth } from './testing/test-enclave';

const claims = {
  v: 2,
  message_id: '00000000-0000-4000-8000-000000000000',
  sealed_sha256: 'A'.repeat(43),
  suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305',
  offices: [],
  time: 1,
  pcr0: 'ab'.repeat(48),
  attestation_sha256: 'A'.repeat(43),
};
const jws = (payload: unknown) =>
  `e30.${toBase64Url(new TextEncoder().encode(JSON.stringify(payload)))}.${'A'.repeat(86)}`;
const relayAnswer = (changes: Partial<RelayAnswer> = {}): RelayAnswer => ({
  state: 'final',
  retryAfterSeconds: null,
  withheld: 0,
  receipt: jws(claims),
  attestationDocument: new Uint8Array([1]),
  answer: encodeSealedAnswer({ nonce: new Uint8Array(24), ciphertext: new Uint8Array([1]) }),
  ...changes,
});
const invalid = { kind: 'problem', code: 'enclave_answer_invalid', retryAfterSeconds: null };

describe('EnclaveClient', () => {
  let folder: TemporaryFolder;
  let address: UnixAddress;
  let enclave: TestEnclave;
  let client: EnclaveClient;
  const clients: EnclaveClient[] = [];
  const clientWith = (timeoutMs: number) => {
    const made = new EnclaveClient({ address: `unix:${address.path}`, timeoutMs });
    clients.push(made);
    return made;
  };
  const sealed = new Uint8Array(2000).fill(7);

  beforeEach(async () => {
    folder = await temporaryFolder();
    address = { kind: 'unix', path: folder.file('enclave') };
    enclave = new TestEnclave(address, (_request, response) => {
      answer(response, 200, 'application/cbor', encodeRelayAnswer(relayAnswer()));
    });
    await enclave.start();
    client = clientWith(20_000);
  });
  afterEach(async () => {
    for (const each of clients.splice(0)) each.close();
    await enclave.stop();
    await folder.remove();
  });

  describe('an answer of the enclave', () => {
    it('is read as the answer to a relayed message', async () => {
      expect(await client.relay(sealed)).toEqual({ kind: 'answer', answer: relayAnswer() });
      expect(enclave.requests).toMatchObject([{ method: 'POST', path: '/messages', body: sealed }]);
    });

    it('is read as health', async () => {
      const health = enclaveHealth();
      enclave.behaviour = (_request, response) => {
        answer(response, 200, 'application/json', JSON.stringify(health));
      };
      expect(await client.health()).toEqual({ kind: 'answer', answer: health });
    });

    it('is read as health while the maximum number of relays waits for answers', async () => {
      enclave.behaviour = (request, response) => {
        if (request.path === '/health') answer(response, 200, 'application/json', JSON.stringify(enclaveHealth()));
      };
      const leaving = new AbortController();
      const relays = Array.from({ length: MAX_RELAYS }, () => client.relay(sealed, leaving));
      expect(await client.health()).toMatchObject({ kind: 'answer' });
      leaving.abort();
      await Promise.all(relays);
    });

    it('is read as a document, which the client requests with a nonce in hex or without a nonce', async () => {
      enclave.behaviour = (_request, response) => {
        answer(response, 200, 'application/cose; cose-type="cose-sign1"', 'document');
      };
      expect(await client.attestation(new Uint8Array(16).fill(0xab))).toEqual({
        kind: 'answer',
        answer: new TextEncoder().encode('document'),
      });
      await client.attestation();
      expect(enclave.requests.map(({ query }) => query.get('nonce'))).toEqual(['ab'.repeat(16), null]);
    });

    it.each([['key_retired'], ['sealed_message_refused'], ['message_expired'], ['enclave_busy']] as const)(
      'is read as the problem %s',
      async (code) => {
        enclave.behaviour = problem(code);
        expect(await client.relay(sealed)).toEqual({ kind: 'problem', code, retryAfterSeconds: null });
      },
    );

    it('is read as the key status, or as unsupported if the enclave’s version has no such route', async () => {
      const status: KeyStatus = {
        custody: 'process',
        state: 'ready',
        wants: { credentials: false, secrets: [] },
        current: new Uint8Array(16),
        held: [new Uint8Array(16)],
        proposal: null,
        refused: [],
        refused_secrets: [],
        kms: null,
      };
      enclave.behaviour = (_request, response) => {
        answer(response, 200, 'application/cbor', encodeKeyStatus(status));
      };
      expect(await client.keys(new Uint8Array([1, 2, 3]))).toEqual({ kind: 'answer', answer: status });
      expect(enclave.requests.at(-1)).toMatchObject({ method: 'POST', path: '/keys', body: new Uint8Array([1, 2, 3]) });
      for (const behaviour of [
        problem('not_found'),
        (_request: unknown, response: Parameters<Behaviour>[1]) => {
          answer(response, 404, 'text/plain', 'what?');
        },
      ]) {
        enclave.behaviour = behaviour;
        expect(await client.keys(new Uint8Array(1))).toEqual({ kind: 'answer', answer: 'unsupported' });
      }
      enclave.behaviour = problem('keys_not_ready', 5);
      expect(await client.relay(new Uint8Array(1))).toEqual({
        kind: 'problem',
        code: 'keys_not_ready',
        retryAfterSeconds: 5,
      });
    });

    it('is read as a problem with its Retry-After', async () => {
      enclave.behaviour = problem('enclave_busy', 7);
      expect(await client.relay(sealed)).toEqual({ kind: 'problem', code: 'enclave_busy', retryAfterSeconds: 7 });
    });

    it('comes over one kept connection', async () => {
      const sockets = new Set<unknown>();
      enclave.behaviour = (_request, response) => {
        sockets.add(response.socket);
        answer(response, 200, 'application/cbor', encodeRelayAnswer(relayAnswer()));
      };
      for (let round = 0; round < 3; round++) expect((await client.relay(sealed)).kind).toBe('answer');
      expect(sockets.size).toBe(1);
    });
  });

  describe('refuses as invalid an answer with', () => {
    it.each<[string, string, Uint8Array | string]>([
      ['no CBOR', 'application/cbor', 'garbage'],
      ['another type', 'text/html', encodeRelayAnswer(relayAnswer())],
      ['nothing', 'application/cbor', ''],
      ['text that is not a receipt', 'application/cbor', encodeRelayAnswer(relayAnswer({ receipt: 'a.b.c' }))],
      [
        'a receipt with other claims',
        'application/cbor',
        encodeRelayAnswer(relayAnswer({ receipt: jws({ ...claims, extra: 1 }) })),
      ],
      [
        'bytes that are not a sealed answer',
        'application/cbor',
        encodeRelayAnswer(relayAnswer({ answer: new Uint8Array([0x80]) })),
      ],
      ['too many bytes', 'application/cbor', new Uint8Array(LIMITS.maxRelayAnswerBytes + 1)],
    ])('%s', async (_what, contentType, body) => {
      enclave.behaviour = (_request, response) => {
        answer(response, 200, contentType, body);
      };
      expect(await client.relay(sealed)).toEqual(invalid);
    });

    it('too many bytes without a content-length', async () => {
      enclave.behaviour = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/cbor' });
        const more = () => {
          while (!response.destroyed && response.write(new Uint8Array(65_536)));
        };
        response.on('drain', more);
        more();
      };
      expect(await client.relay(sealed)).toEqual(invalid);
    });

    it('an empty or a too large document', async () => {
      for (const size of [0, 16_385]) {
        enclave.behaviour = (_request, response) => {
          answer(response, 200, 'application/cose', new Uint8Array(size));
        };
        expect(await client.attestation()).toEqual(invalid);
      }
    });

    it.each<[string, number, string, string]>([
      ['an unknown code', 503, 'application/problem+json', '{"code":"constructor"}'],
      ['a code with another status', 200 + 300, 'application/problem+json', '{"code":"key_retired"}'],
      ['JSON of another type', 409, 'application/json', '{"code":"key_retired"}'],
      ['no JSON', 409, 'application/problem+json', '{'],
      [
        'an absurd retryAfterSeconds',
        409,
        'application/problem+json',
        '{"code":"key_retired","retryAfterSeconds":1e12}',
      ],
      ['another success', 202, 'application/cbor', ''],
      ['a redirection', 302, 'text/html', ''],
    ])('%s', async (_what, status, contentType, body) => {
      enclave.behaviour = (_request, response) => {
        answer(response, status, contentType, body);
      };
      expect(await client.relay(sealed)).toEqual(invalid);
    });

    it('health of another form', async () => {
      enclave.behaviour = (_request, response) => {
        answer(response, 200, 'application/json', '{"healthy":"yes"}');
      };
      expect(await client.health()).toEqual(invalid);
    });
  });

  describe('an enclave that gives no complete answer', () => {
    it('got nothing if there is no socket or no listener', async () => {
      await enclave.stop();
      expect(await client.relay(sealed)).toEqual({ kind: 'unreachable', sent: false, code: 'ENOENT' });
      const tcp = new TestEnclave({ kind: 'tcp', host: '127.0.0.1', port: 0 }, silent);
      const free = createServer();
      const taken = await listen(free, tcp.address);
      await new Promise((resolve) => free.close(resolve));
      const other = new EnclaveClient({
        address: `tcp:127.0.0.1:${taken.kind === 'tcp' ? taken.port : 0}`,
        timeoutMs: 20_000,
      });
      expect(await other.relay(sealed)).toEqual({ kind: 'unreachable', sent: false, code: 'ECONNREFUSED' });
      other.close();
    });

    it('got nothing if the request was aborted before it began', async () => {
      expect(await client.relay(sealed, { signal: AbortSignal.abort() })).toEqual({
        kind: 'unreachable',
        sent: false,
        code: 'ABORT_ERR',
      });
      expect(enclave.requests).toEqual([]);
    });

    it('may have got the whole request when it cuts the connection', async () => {
      enclave.behaviour = cut;
      expect(await client.relay(sealed)).toEqual({ kind: 'unreachable', sent: true, code: 'ECONNRESET' });
    });

    it('may have got the whole request when it cuts the answer', async () => {
      enclave.behaviour = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/cbor', 'content-length': 1000 });
        response.write('half', () => response.socket?.destroy());
      };
      expect(await client.relay(sealed)).toMatchObject({ kind: 'unreachable', sent: true });
    });

    it('may have got the whole request when it does not answer in time', async () => {
      enclave.behaviour = silent;
      expect(await clientWith(100).relay(sealed)).toEqual({ kind: 'unreachable', sent: true, code: 'ETIMEDOUT' });
    });

    it('may have got the whole request when the gateway aborts it', async () => {
      const controller = new AbortController();
      enclave.behaviour = () => {
        controller.abort();
      };
      expect(await client.relay(sealed, { signal: controller.signal })).toEqual({
        kind: 'unreachable',
        sent: true,
        code: 'ABORT_ERR',
      });
    });

    it('may have got the whole request over a kept connection that turns out to be dead', async () => {
      expect((await client.relay(sealed)).kind).toBe('answer');
      enclave.behaviour = cut;
      expect(await client.relay(sealed)).toEqual({ kind: 'unreachable', sent: true, code: 'ECONNRESET' });
    });

    it('is reached again after its restart', async () => {
      expect((await client.relay(sealed)).kind).toBe('answer');
      await enclave.stop();
      await enclave.start();
      // If the end of the kept connection has not arrived yet, the first request still uses it, and fails as sent.
      const first = await client.relay(sealed);
      if (first.kind !== 'answer') expect(first).toMatchObject({ kind: 'unreachable', sent: true });
      expect((await client.relay(sealed)).kind).toBe('answer');
    });
  });

  describe('a peer that does not speak HTTP correctly, and answers with', () => {
    let raw: Server;
    let say: (socket: Socket) => void;

    beforeEach(async () => {
      await enclave.stop();
      raw = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => {
          say(socket);
        });
      });
      await listen(raw, address);
    });
    afterEach(() => new Promise((resolve) => raw.close(resolve)));

    it.each([
      ['garbage', 'SSH-2.0-OpenSSH\r\n'],
      ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}`],
      ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ])('%s', async (_what, text) => {
      say = (socket) => {
        socket.end(text);
      };
      expect(await client.relay(sealed)).toEqual(invalid);
    });

    it('an upgrade that the client did not request', async () => {
      say = (socket) => {
        socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
      };
      expect(await client.relay(sealed)).toMatchObject({ kind: 'unreachable', sent: true });
    });
  });
});
