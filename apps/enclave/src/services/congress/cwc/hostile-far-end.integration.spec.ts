import { testAuthority } from '@communique-tee/congress-simulator';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { createEgress } from '../../../egress';
import { congressConfigSchema, createCongress, deliveryId, type Congress } from '.';
import { TEST_AGENT, testMessage } from './testing/messages';

/** The server is hostile but has a valid certificate. Only the head of its answer decides the outcome, and `deliver` never throws. */
describe('a delivery ends in a known outcome if the server', () => {
  let server: Server;
  let congress: Congress;
  let act: (socket: TLSSocket) => void;
  const sockets = new Set<TLSSocket>();

  beforeAll(async () => {
    const authority = await testAuthority();
    const { certificatePem: cert, privateKeyPem: key } = await authority.issue({ names: ['localhost'] });
    server = createServer({ cert, key }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      act(socket);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const chamber = {
      origin: `https://localhost:${String(port)}`,
      apiKeyReadableInImage: 'the-test-key',
      certificateAuthorities: authority.certificatePem,
      deduplicates: false,
      minIntervalMs: 0,
      timeoutMs: 4000,
    };
    const config = congressConfigSchema.parse({ deliveryAgent: TEST_AGENT, house: chamber, senate: chamber });
    congress = createCongress(config, createEgress({ mode: 'direct' }, [{ host: 'localhost', port }]), {
      nowMs: () => Date.now(),
    });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy(); // a server that never reads does not notice that the enclave closed the connection
    return new Promise((closed) => server.close(closed));
  });

  const says = (text: string) => (socket: TLSSocket) => void socket.end(text);
  const endlessly = (head: string, part: string) => (socket: TLSSocket) => {
    socket.write(head);
    const more = () => void (socket.destroyed || socket.write(part, () => setImmediate(more)));
    more();
  };

  const cases: [string, (socket: TLSSocket) => void, string, string | null][] = [
    [
      'accepts before it has read the request',
      says('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n'),
      'accepted',
      null,
    ],
    [
      'accepts, and then sends bytes that are not HTTP',
      says('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\nnonsense\r\n\r\n'),
      'accepted',
      null,
    ],
    [
      'accepts, and never completes the body',
      (socket) => void socket.write('HTTP/1.1 201 Created\r\ncontent-length: 1000\r\n\r\nabc'),
      'accepted',
      null,
    ],
    [
      'accepts, and sends a body without end',
      endlessly('HTTP/1.1 201 Created\r\n\r\n', 'x'.repeat(65_536)),
      'accepted',
      null,
    ],
    [
      'sends early hints, and then accepts',
      says('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n'),
      'accepted',
      null,
    ],
    [
      'accepts, and then refuses in a second answer',
      says('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\nHTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n'),
      'accepted',
      null,
    ],
    [
      'refuses with a broken chunk',
      says('HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhelloXX\r\n'),
      'refused',
      'refused_by_office',
    ],
    [
      'refuses, and never completes the body',
      (socket) => void socket.write('HTTP/1.1 400 Bad\r\ncontent-length: 1000\r\n\r\nabc'),
      'refused',
      'refused_by_office',
    ],
    ['closes at once', (socket) => void socket.destroy(), 'unknown', 'connection_lost'],
    [
      'sends 100 Continue without end',
      endlessly('', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)),
      'unknown',
      'answer_timeout',
    ],
    [
      'switches protocols',
      says('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nmore'),
      'unknown',
      'connection_lost',
    ],
    [
      'sends a head without end',
      endlessly('HTTP/1.1 201 Created\r\na: ', 'x'.repeat(65_536)),
      'unknown',
      'malformed_answer',
    ],
    ['answers with bytes that are not HTTP', says('hello'), 'unknown', 'malformed_answer'],
    ['sends nothing', () => undefined, 'unknown', 'answer_timeout'],
  ];
  it.each(cases)('%s', async (_name, behave, outcome, reason) => {
    act = behave;
    const id = deliveryId(new Uint8Array(32), new Uint8Array(16), 'HCA12');
    expect(await congress.deliver({ office: 'HCA12', message: testMessage(), deliveryId: id })).toMatchObject({
      outcome,
      reason,
    });
  });
});
