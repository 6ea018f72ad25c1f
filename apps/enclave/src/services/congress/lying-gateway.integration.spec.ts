import { connect, type Client, type DuplicateRisk, type Message } from '@communique-tee/client';
import { startCongressSimulator, type CongressSimulator } from '@communique-tee/congress-simulator';
import { decodeRelayAnswer, decodeSealedMessage, messageIdToText, toBase64Url } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseConfiguration } from '../../configuration/configuration';
import { createLog } from '../../runtime/log';
import { startEnclave, type RunningEnclave } from '../../start';
import { configurationFor, congressMessage } from '../../testing/enclave-fixture';

/**
 * Two enclaves of one image have per-process keys. The gateway lets the first enclave deliver the message, hides the receipt, reports the
 * key as retired, and then serves the attestation of the second enclave.
 */
describe('a gateway that hides the receipt of a delivered message and reports key_retired', () => {
  const far = { house: { deduplicates: false }, senate: { deduplicates: true } };
  let folder: TemporaryFolder;
  let congress: CongressSimulator;
  let enclaves: RunningEnclave[];
  let gateway: Server;
  let client: Client;
  let isFirstDone: boolean;
  /** What the gateway shows about each message, by message id. */
  let shown: Map<string, object>;

  const urlOf = (enclave: RunningEnclave | undefined) => String(enclave?.address).replace('tcp:', 'http://');
  const current = () => urlOf(enclaves[isFirstDone ? 1 : 0]);

  async function answer(method: string, url: URL, body: Buffer): Promise<Uint8Array | string> {
    if (url.pathname.startsWith('/attestation'))
      return new Uint8Array(await (await fetch(`${current()}${url.pathname}${url.search}`)).arrayBuffer());
    if (method === 'GET') return JSON.stringify(shown.get(url.pathname.split('/')[3] ?? ''));
    const message = decodeSealedMessage(body);
    const id = messageIdToText(message.messageId);
    const relayed = await fetch(`${current()}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: new Uint8Array(body),
    });
    const {
      receipt,
      attestationDocument,
      answer: sealed,
    } = decodeRelayAnswer(new Uint8Array(await relayed.arrayBuffer()));
    const now = new Date().toISOString();
    const view = { id, acceptedAt: now, expiresAt: now, endedAt: now, attempts: 1, nextAttemptAt: null };
    shown.set(
      id,
      isFirstDone
        ? {
            ...view,
            status: 'delivered',
            reason: null,
            receipt: { receipt, attestation_document: Buffer.from(attestationDocument).toString('base64') },
            sealedAnswer: toBase64Url(sealed),
          }
        : { ...view, status: 'key_retired', reason: 'key_retired', receipt: null, sealedAnswer: null },
    );
    isFirstDone = true;
    return JSON.stringify({
      ...view,
      status: 'queued',
      endedAt: null,
      reason: null,
      receipt: null,
      sealedAnswer: null,
    });
  }

  beforeEach(async () => {
    folder = await temporaryFolder('lying-gateway');
    congress = await startCongressSimulator(far);
    const configuration = parseConfiguration(configurationFor(congress, { congress: far }));
    const start = async () =>
      startEnclave(configuration, await createMockNsmTransport({ rootFolder: folder.path }), {
        log: createLog(() => undefined),
      });
    enclaves = [await start(), await start()];
    isFirstDone = false;
    shown = new Map();
    gateway = createServer((request, response) => {
      void (async () => {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part as Buffer);
        const method = request.method ?? 'GET';
        const body = await answer(method, new URL(request.url ?? '/', 'http://x'), Buffer.concat(parts));
        response.writeHead(method === 'POST' ? 202 : 200, { 'content-type': 'application/json' }).end(body);
      })();
    });
    await new Promise<void>((listening) => gateway.listen(0, '127.0.0.1', listening));
    client = await connect(
      `http://127.0.0.1:${String((gateway.address() as AddressInfo).port)}`,
      {
        acceptedMeasurements: [developmentMeasurements],
        unsafeDevelopmentRootPem: await developmentRootPem(folder.path),
      },
      { token: () => 'a.token' },
    );
  });
  afterEach(async () => {
    gateway.closeAllConnections();
    await new Promise((closed) => gateway.close(closed));
    for (const enclave of enclaves) await enclave.close();
    await congress.stop();
    await folder.remove();
  });

  const messageTo = (...offices: string[]): Message => {
    const { version: _version, deliverySecret: _secret, proof: _proof, ...message } = congressMessage({ offices });
    return message;
  };

  it('causes only one delivery per send() if a chamber would deliver a repeated message', async () => {
    const { status, resealed } = await client.send(messageTo('HCA12', 'SCA01')).result;
    expect({ status, resealed }).toEqual({ status: 'key_retired', resealed: false });
    expect(
      congress
        .received()
        .map(({ office }) => office)
        .sort(),
    ).toEqual(['HCA12', 'SCA01']);
  });

  it('causes two deliveries only if the person agreed when the client asked', async () => {
    const asked: DuplicateRisk[] = [];
    const { result } = client.send(messageTo('HCA12'), {
      confirmPossibleDuplicate: (risk) => {
        asked.push(risk);
        return true;
      },
    });
    expect(await result).toMatchObject({ status: 'delivered', resealed: true });
    expect(asked).toEqual([{ when: 'sending_again', chambers: ['house'] }]);
    expect(congress.received()).toHaveLength(2);
    expect(new Set(congress.received().map(({ deliveryId }) => deliveryId)).size).toBe(1);
  });

  it('causes only one delivery if every chamber recognizes the message, and the second receipt reports a duplicate', async () => {
    const { status, resealed, report } = await client.send(messageTo('SCA01', 'SCA03')).result;
    expect({ status, resealed }).toEqual({ status: 'delivered', resealed: true });
    expect(report?.offices.map(({ outcome }) => outcome)).toEqual(['duplicate', 'duplicate']);
    expect(congress.received()).toHaveLength(2);
  });
});
