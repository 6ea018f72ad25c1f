import { sealing } from '@communique-tee/crypto';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import {
  DEFAULT_SUITE,
  decodeEnvelope,
  encodeAnswer,
  encodeKeyBinding,
  encodePublicConfiguration,
  forEachChamber,
  OFFICES_AS_OF,
  encodeSealedAnswer,
  encodeSealedMessage,
  messageIdToText,
  parseCongressMessage,
  problemDocument,
  toBase64Url,
  toHex,
  type Answer,
  type Chamber,
  type CongressMessage,
  type MessageStatus,
  type MessageView,
  type Outcome,
  type ProblemCode,
  type PublicConfiguration,
  type ResidenceProof,
  type SealedMessage,
} from '@communique-tee/protocol';
import { commitToOffice } from '@communique-tee/receipts';
import { signReceipt } from '@communique-tee/receipts/node';
import { messageInput } from '@communique-tee/residence';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, Policy } from '../api';
import { TestAgents } from './test-agents';

/** Makes a sealing key of the enclave, and the key that signs its receipts. */
function createKeys() {
  const pair = sealing.generateKeyPair();
  const { publicKey } = pair;
  const receipts = generateKeyPairSync('ed25519');
  const receiptKey = new Uint8Array(Buffer.from(String(receipts.publicKey.export({ format: 'jwk' }).x), 'base64url'));
  return { pair, publicKey, keyId: sealing.keyIdOf(publicKey), signing: receipts.privateKey, receiptKey };
}
export type Keys = ReturnType<typeof createKeys>;

export interface Posted {
  readonly id: string;
  readonly body: Uint8Array;
  readonly message: SealedMessage;
  readonly residence: ResidenceProof | null;
  readonly idempotencyKey: string | undefined;
  readonly token: string | undefined;
}

/**
 * How the gateway answers a post. After a `problem` the message is stored only with `stored`. `cut` and `cut-after` break the connection
 * before or after the message is stored. `half` sends half of a 202. `silence` sends no answer.
 */
export type PostFault =
  | { readonly problem: ProblemCode; readonly retryAfter?: number; readonly stored?: true }
  | { readonly status: number; readonly text: string }
  | 'cut'
  | 'cut-after'
  | 'half'
  | 'silence';

/** Simulates a gateway and the enclave behind it, with real keys, documents and receipts. A test can make it misbehave. */
export class TestGateway {
  readonly posted: Posted[] = [];
  /** Each request for an attestation document takes the first of these faults as its answer. */
  attestationFaults: { readonly problem: ProblemCode; readonly retryAfter?: number }[] = [];
  /** Message ids. */
  private readonly stored = new Set<string>();
  /** If set, each request for a status as JSON gets this problem. */
  statusFault: ProblemCode | undefined;
  /** How many attestation documents were requested. */
  attestations = 0;
  /** The requests for a message's status. */
  readonly asked: {
    readonly events: boolean;
    readonly token: string | undefined;
    readonly statusSecret: string | undefined;
  }[] = [];
  /** Each post takes the first of these faults as its answer. */
  postFaults: PostFault[] = [];
  onSilence: () => void = () => undefined;
  /** The statuses that each message has at one request after the other. The last one is repeated. */
  statuses: MessageStatus[] = ['queued', 'delivering', 'delivered'];
  outcome: Outcome = 'accepted';
  /** The enclave attests `custody`, `deduplicates` and `residence` from now on. */
  custody = 'process';
  deduplicates: Record<Chamber, boolean> = { house: true, senate: true };
  residence: PublicConfiguration['residence'] = { mode: 'off' };
  /** The enclave's models and the results of tasks. The enclave attests no models until a test sets `classes`. */
  readonly agents = new TestAgents();
  /** The address of the registrar's list, served by `GET /api/residence`. */
  listAddress = '';
  servesConfiguration = true;
  /** The answer to a request for the event stream. `cut` breaks the connection at once, `cut-each` after one event. */
  events: 'stream' | 'json' | 'cut' | 'cut-each' | { readonly problem: ProblemCode } = 'stream';
  /** Changes a view before the gateway sends it. */
  tamper: (view: MessageView) => MessageView = (view) => view;
  /** Changes the enclave's answer before it is sealed. */
  tamperAnswer: (answer: Answer) => Answer = (answer) => answer;
  url = '';

  private keys: Keys = createKeys();
  /** For each nullifier in hex, the public input `message` of the accepted proof. */
  private readonly nullifiers = new Map<string, string>();
  /** Public configurations by their SHA-256 in hex. */
  private readonly configurations = new Map<string, Uint8Array>();
  private readonly held: Keys[] = [this.keys];
  private readonly turns = new Map<string, number>();
  private readonly reports = new Map<string, Promise<Pick<MessageView, 'receipt' | 'sealedAnswer'>>>();
  private readonly server = createServer((request, response) => {
    this.serve(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });

  private constructor(
    private readonly folder: TemporaryFolder,
    private readonly nsm: Nsm,
    private readonly rootPem: string,
  ) {}

  static async start(): Promise<TestGateway> {
    const folder = await temporaryFolder('client');
    const nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
    const gateway = new TestGateway(folder, nsm, await developmentRootPem(folder.path));
    await new Promise<void>((listening) => gateway.server.listen(0, '127.0.0.1', listening));
    gateway.url = `http://127.0.0.1:${String((gateway.server.address() as AddressInfo).port)}`;
    return gateway;
  }

  get policy(): Policy {
    return { acceptedMeasurements: [developmentMeasurements], unsafeDevelopmentRootPem: this.rootPem };
  }

  /** Makes a new key, which the enclave attests from now on. `keepOld`: whether the enclave still opens messages to older keys. */
  rotate({ keepOld }: { readonly keepOld: boolean }): void {
    this.keys = createKeys();
    if (!keepOld) this.held.length = 0;
    this.held.push(this.keys);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
    await this.nsm.close();
    await this.folder.remove();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x');
    const token = request.headers.authorization;
    const secret = request.headers['communique-status-secret'];
    const statusSecret = typeof secret === 'string' ? secret : undefined;
    if (url.pathname === '/attestation') {
      this.attestations++;
      const fault = this.attestationFaults.shift();
      if (fault !== undefined) {
        sendProblem(response, fault.problem, fault.retryAfter);
        return;
      }
      response.end(
        await this.document(this.keys, new Uint8Array(Buffer.from(url.searchParams.get('nonce') ?? '', 'hex'))),
      );
    } else if (url.pathname === '/attestation/configuration') {
      const configuration = this.configurations.get(url.searchParams.get('sha256') ?? '');
      if (configuration === undefined || !this.servesConfiguration) sendProblem(response, 'not_found');
      else response.end(configuration);
    } else if (url.pathname === '/api/residence') {
      response.end(JSON.stringify({ mode: this.residence.mode, files: this.listAddress }));
    } else if (url.pathname === '/api/agents' && request.method === 'GET') {
      response.end(JSON.stringify(this.agents.offer()));
    } else if (request.method === 'POST') {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = new Uint8Array(Buffer.concat(parts));
      if (url.pathname !== '/api/agents') this.post(body, request, response);
      else
        await this.agents.post(body, request, response, {
          keysOf: (keyId) => this.held.find((keys) => Buffer.compare(keys.keyId, keyId) === 0),
          document: (keys) => this.document(keys),
        });
    } else {
      const [, , , id = '', events] = url.pathname.split('/');
      this.asked.push({ events: events === 'events', token, statusSecret });
      await this.status(id, { asEvents: events === 'events', statusSecret }, response);
    }
  }

  private post(body: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
    const { sealed: message, residence } = decodeEnvelope(body);
    const id = messageIdToText(message.messageId);
    const idempotencyKey = request.headers['idempotency-key'];
    this.posted.push({
      id,
      body,
      message,
      residence,
      idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
      token: request.headers.authorization,
    });
    const fault = this.postFaults.shift();
    const isRefused = (typeof fault === 'object' && 'problem' in fault && fault.stored !== true) || fault === 'cut';
    const isAdmitted = !isRefused && this.admits(message, residence);
    if (fault === 'silence') this.onSilence();
    else if (fault === 'cut' || fault === 'cut-after') response.destroy();
    else if (fault === 'half') {
      response.writeHead(202, { 'content-length': 1000 }).write('{"id":', () => response.destroy());
    } else if (fault !== undefined && 'status' in fault) response.writeHead(fault.status).end(fault.text);
    else if (fault !== undefined) sendProblem(response, fault.problem, fault.retryAfter);
    else if (!isAdmitted) sendProblem(response, 'already_sent');
    else response.writeHead(202).end(JSON.stringify(this.tamper(view(message, 'queued'))));
    this.turns.set(id, 0);
    if (isAdmitted) this.stored.add(id);
  }

  /** Whether no other message has the same nullifier. The same message may be proven again. */
  private admits(sealed: SealedMessage, residence: ResidenceProof | null): boolean {
    const { nullifier } = sealed;
    if (residence === null || nullifier === null) return true;
    const message = toHex(messageInput(residence.statusSha256, encodeSealedMessage(sealed)));
    const used = this.nullifiers.get(toHex(nullifier));
    if (used === undefined) this.nullifiers.set(toHex(nullifier), message);
    return used === undefined || used === message;
  }

  private async status(
    id: string,
    { asEvents, statusSecret }: { readonly asEvents: boolean; readonly statusSecret: string | undefined },
    response: ServerResponse,
  ): Promise<void> {
    const posted = this.posted.findLast((each) => each.id === id);
    const message = posted?.message;
    if (!asEvents && this.statusFault !== undefined) {
      sendProblem(response, this.statusFault);
      return;
    }
    if (message === undefined || !this.stored.has(id) || !isVisible(posted?.residence ?? null, statusSecret)) {
      sendProblem(response, 'not_found');
      return;
    }
    if (!asEvents || this.events === 'json') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(await this.nextView(message)));
      return;
    }
    if (typeof this.events === 'object') {
      sendProblem(response, this.events.problem, 1);
      return;
    }
    if (this.events === 'cut') {
      response.destroy();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 20\n\n: a comment\n\n');
    for (let ended = false; !ended && !response.destroyed; await sleep(5)) {
      const next = await this.nextView(message);
      ended = !['queued', 'delivering'].includes(next.status);
      response.write(`event: status\r\ndata: ${JSON.stringify(next)}\r\n\r\n`);
      if (this.events === 'cut-each') {
        setTimeout(() => response.destroy(), 20);
        return;
      }
    }
    response.end();
  }

  private async nextView(message: SealedMessage): Promise<MessageView> {
    const id = messageIdToText(message.messageId);
    const keys = this.held.find(({ keyId }) => Buffer.compare(keyId, message.keyId) === 0);
    const turn = this.turns.get(id) ?? 0;
    this.turns.set(id, turn + 1);
    if (keys === undefined) {
      // No copy was delivered, so the nullifier becomes free.
      if (message.nullifier !== null) this.nullifiers.delete(toHex(message.nullifier));
      return this.tamper({ ...view(message, 'key_retired'), reason: 'key_retired' });
    }
    const status = this.statuses[Math.min(turn, this.statuses.length - 1)] ?? 'queued';
    const isInterim = status === 'queued' || status === 'delivering';
    const report = isInterim ? { receipt: null, sealedAnswer: null } : await this.report(message, keys);
    return this.tamper({ ...view(message, status), attempts: turn, ...report });
  }

  /** Opens a message as the enclave does. */
  open(message: SealedMessage, keys: Keys = this.keys): CongressMessage {
    const parsed = parseCongressMessage(sealing.open(keys.pair, message).plaintext);
    if (!parsed.ok) throw new Error('the client sealed a message that a real enclave would refuse');
    return parsed.message;
  }

  /** Lets each person send again in each campaign. */
  forgetNullifiers(): void {
    this.nullifiers.clear();
  }

  /** Does the enclave's work: opens the message, signs a receipt and seals the answer. */
  async report(message: SealedMessage, keys: Keys = this.keys): Promise<Pick<MessageView, 'receipt' | 'sealedAnswer'>> {
    const name = `${messageIdToText(message.messageId)} ${toBase64Url(message.keyId)}`;
    const known = this.reports.get(name);
    if (known !== undefined) return known;
    const made = this.makeReport(message, keys);
    this.reports.set(name, made);
    return made;
  }

  private async makeReport(message: SealedMessage, keys: Keys): Promise<Pick<MessageView, 'receipt' | 'sealedAnswer'>> {
    const opened = sealing.open(keys.pair, message);
    const { offices } = this.open(message, keys);
    const time = Math.floor(Date.now() / 1000);
    const document = await this.document(keys);
    const answer = this.tamperAnswer({
      version: 1,
      messageId: message.messageId,
      time,
      offices: offices.map((office) => ({
        office,
        salt: new Uint8Array(randomBytes(32)),
        outcome: this.outcome,
        deliveryId: 'a'.repeat(32),
        reason: null,
        detail: null,
      })),
      problems: [],
    });
    const sealed = encodeSealedMessage(message);
    const receipt = signReceipt(
      {
        v: 2,
        message_id: messageIdToText(message.messageId),
        sealed_sha256: sha256(sealed),
        suite: DEFAULT_SUITE,
        offices: answer.offices.map(({ office, salt, outcome }) => ({
          commitment: toBase64Url(commitToOffice(salt, office)),
          outcome,
        })),
        time,
        pcr0: developmentMeasurements.pcr0,
        attestation_sha256: sha256(document),
      },
      keys.signing,
    );
    return {
      receipt: { receipt, attestation_document: Buffer.from(document).toString('base64') },
      sealedAnswer: toBase64Url(
        encodeSealedAnswer(sealing.sealAnswer(opened.answerKey, message, encodeAnswer(answer))),
      ),
    };
  }

  private document({ publicKey, keyId, receiptKey }: Keys, nonce?: Uint8Array): Promise<Uint8Array> {
    const configuration = encodePublicConfiguration({
      version: 3,
      stack: 'test',
      custody: this.custody,
      residence: this.residence,
      legacySuite: false,
      egress: [],
      services: {
        congress: {
          acceptReplayAcrossEnclaves: true,
          officesAsOf: OFFICES_AS_OF,
          ...forEachChamber((chamber) => ({
            origin: `https://${chamber}.example`,
            deduplicates: this.deduplicates[chamber],
          })),
        },
        ...this.agents.published(),
      },
    });
    const configSha256 = new Uint8Array(createHash('sha256').update(configuration).digest());
    this.configurations.set(toHex(configSha256), configuration);
    return this.nsm.attest({
      publicKey,
      userData: encodeKeyBinding({ keyId, receiptKey, custody: this.custody, configSha256 }),
      ...(nonce && { nonce }),
    });
  }
}

/** A message with a proof has no owner, so it is visible only with its status secret. */
function isVisible(residence: ResidenceProof | null, statusSecret: string | undefined): boolean {
  if (residence === null) return true;
  const secret = Buffer.from(statusSecret ?? '', 'base64url');
  return secret.length === 32 && createHash('sha256').update(secret).digest().equals(residence.statusSha256);
}

export function testMessage(): Message {
  return {
    offices: ['HCA12', 'SCA01'],
    constituent: {
      prefix: 'Ms.',
      firstName: 'Test',
      lastName: 'Person',
      address1: '1 Test Street',
      city: 'Oakland',
      state: 'CA',
      zip: '94601',
      email: 'p@test.example',
    },
    message: { subject: 'A subject', body: 'A text of a test.', topics: ['Energy'] },
    campaignId: 'c1',
  };
}

function view({ messageId, expiresAtSeconds }: SealedMessage, status: MessageStatus): MessageView {
  const ended = status !== 'queued' && status !== 'delivering';
  const now = '2026-01-01T00:00:00.000Z';
  return {
    id: messageIdToText(messageId),
    status,
    acceptedAt: now,
    expiresAt: new Date(expiresAtSeconds * 1000).toISOString(),
    endedAt: ended ? now : null,
    attempts: 0,
    nextAttemptAt: null,
    reason: null,
    receipt: null,
    sealedAnswer: null,
  };
}

export function sendProblem(response: ServerResponse, code: ProblemCode, retryAfter?: number): void {
  const document = problemDocument(code);
  response
    .writeHead(document.status, {
      'content-type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    })
    .end(JSON.stringify(document));
}

function sha256(bytes: Uint8Array): string {
  return toBase64Url(createHash('sha256').update(bytes).digest());
}
