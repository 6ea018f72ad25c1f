import type { KMSClient } from '@aws-sdk/client-kms';
import type { PreparedMessage } from '@communique-tee/client';
import { keyIdOf } from '@communique-tee/crypto';
import type { CongressSimulator } from '@communique-tee/congress-simulator';
import { legacyContent, sealAsLegacyClient } from '@communique-tee/enclave/testing/legacy-client';
import type { Relayed } from '@communique-tee/enclave/testing/read-relayed';
import { RecordStore } from '@communique-tee/enclave/testing/record-store';
import { CREDENTIALS } from '@communique-tee/enclave/testing/sealed-surroundings';
import type { Sender } from '@communique-tee/enclave/testing/sender';
import type { EnclaveIdentity } from '@communique-tee/enclave-identity';
import type { KmsSimulator, SimulatedCredentials } from '@communique-tee/kms-simulator';
import type { Nsm } from '@communique-tee/nsm';
import {
  decodeKeyStatus,
  encodeKeyOffer,
  legacyPublicKeyView,
  toHex,
  type CongressMessage,
  type KeyOffer,
  type KeyStatus,
} from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { EnclaveOptions } from './attack';
import type { Egress } from './egress';
import { startLyingGateway, type GatewayAnswer, type GatewayRequest, type LyingGateway } from './lying-gateway';
import { ask, sendRaw, type Ask, type Reply } from './http';
import type { Machine } from './machine';

/** One request of the parent, with its answer. */
export interface Exchange {
  readonly ask: Ask;
  readonly reply: Reply;
}

/** An expectation of the attack, and whether it held. */
export interface Expectation {
  readonly what: string;
  readonly held: boolean;
  readonly found: unknown;
  readonly expected: unknown;
}

export interface ParentParts {
  readonly machine: Machine;
  readonly egress: Egress;
  readonly congress: CongressSimulator;
  readonly kms: KmsSimulator;
  /** The clock of the NSM and KMS. Only the laboratory can shift it; a real parent cannot. */
  readonly time: { offsetMs: number };
  readonly sender: Sender;
  /** Returns the NSM of a machine on which the parent boots an image of its choice. */
  readonly nsm: (pcrs?: ReadonlyMap<number, Uint8Array>) => Promise<Nsm>;
  readonly boot: (options?: EnclaveOptions) => Promise<Parent>;
  readonly aws: (credentials: SimulatedCredentials) => KMSClient;
  readonly expectations: Expectation[];
  /** The folder of the mock NSM's root. */
  readonly rootFolder: string;
}

/**
 * Everything that an attack in control of the parent can do to the enclave, and can see. `seal` and `read` do what a sender does, because
 * the parent can also send messages of its own.
 */
export class Parent {
  /** The enclave's connections to other servers, and how the parent treats them. */
  readonly egress: Egress;
  /** The Congress simulator, with the messages that arrived and its faults. */
  readonly congress: CongressSimulator;
  readonly kms: KmsSimulator;
  readonly time: { offsetMs: number };
  /** All requests and answers so far, for a replay. */
  readonly exchanges: Exchange[] = [];
  /** The key records of a gateway's database. `await parent.store.settle([parent])` gives an enclave with custody `kms` its keys. */
  readonly store = new RecordStore();
  readonly machine: Machine;
  readonly nsm: ParentParts['nsm'];
  /** Boots another enclave of the same image on the same parent, with separate egress. */
  readonly boot: ParentParts['boot'];
  /** Returns AWS's own KMS client with the given credentials. */
  readonly aws: ParentParts['aws'];

  constructor(private readonly parts: ParentParts) {
    ({
      egress: this.egress,
      congress: this.congress,
      kms: this.kms,
      time: this.time,
      machine: this.machine,
      nsm: this.nsm,
      boot: this.boot,
      aws: this.aws,
    } = parts);
  }

  /**
   * Records a deep comparison that must succeed despite the attack. A difference fails the attack at its end, not at once.
   */
  expect(what: string, found: unknown, expected: unknown = true): void {
    this.parts.expectations.push({ what, held: isDeepStrictEqual(found, expected), found, expected });
  }

  /** Sends a request to the enclave's HTTP server. Rejects if no answer comes. */
  async ask(
    method: string,
    target: string,
    body: Uint8Array = new Uint8Array(),
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    return this.again({ method, target, headers, body });
  }

  /** Sends the request of a recorded exchange again, byte for byte. */
  async again(recorded: Ask): Promise<Reply> {
    const reply = await ask(this.machine.address, recorded);
    this.exchanges.push({ ask: recorded, reply });
    return reply;
  }

  /** Sends any bytes over a new connection, and returns the bytes that came back. */
  raw(bytes: Uint8Array, waitMs?: number): Promise<Buffer> {
    return sendRaw(this.machine.address, bytes, waitMs);
  }

  /** Relays a sealed message as the gateway does. */
  relay(message: Pick<PreparedMessage, 'sealed'> | Uint8Array, headers: Record<string, string> = {}): Promise<Reply> {
    const sealed = message instanceof Uint8Array ? message : message.sealed;
    return this.ask('POST', '/messages', sealed, { 'content-type': 'application/cbor', ...headers });
  }

  /** Calls `POST /keys`, by default with only the parent's credentials. @throws Error with the problem's `code` */
  async offer(offer: Partial<KeyOffer> = {}): Promise<KeyStatus> {
    const body = encodeKeyOffer({ credentials: CREDENTIALS, records: [], revoked: [], secrets: {}, ...offer });
    const {
      status,
      code,
      body: answer,
    } = await this.ask('POST', '/keys', body, { 'content-type': 'application/cbor' });
    if (status !== 200) throw Object.assign(new Error(`${String(status)} ${String(code)}`), { code });
    return decodeKeyStatus(answer);
  }

  /** Returns the attestation document of the current key. @throws Error with the problem's `code` */
  async attestation(nonce?: Uint8Array): Promise<Uint8Array> {
    const query = nonce === undefined ? '' : `?nonce=${toHex(nonce)}`;
    const { status, code, body } = await this.ask('GET', `/attestation${query}`);
    if (status !== 200) throw Object.assign(new Error(`${String(status)} ${String(code)}`), { code });
    return body;
  }

  /** Verifies the enclave as a sender does, and returns its identity. @throws AttestationError */
  async identity(): Promise<EnclaveIdentity> {
    const nonce = new Uint8Array(randomBytes(32));
    return this.parts.sender.verify(await this.attestation(nonce), nonce);
  }

  /** Verifies this enclave and seals a message to it, as a sender does. By default the message is for HCA12, SCA01 and SCA03. */
  async seal(changes: Partial<CongressMessage> = {}, lifetimeSeconds?: number): Promise<PreparedMessage> {
    return this.parts.sender.seal(await this.identity(), changes, lifetimeSeconds);
  }

  /** Seals any plaintext to an enclave, even if it is not a message. */
  sealBytes(identity: EnclaveIdentity, plaintext: Uint8Array): PreparedMessage {
    return this.parts.sender.sealBytes(identity, plaintext);
  }

  /** Returns a message of the web client (legacy), in the form in which the gateway relays it. */
  async sealLegacy(): Promise<Uint8Array> {
    const { legacyKey } = await this.identity();
    if (!legacyKey) throw new Error('the enclave attests no key of the legacy suite: enclave: { legacySuite: true }');
    const view = legacyPublicKeyView(keyIdOf(legacyKey), legacyKey);
    return (await sealAsLegacyClient(view, legacyContent())).sealed;
  }

  /** Starts a gateway whose answers the attack chooses, to lie to a sender's client library. */
  gateway(answer: (request: GatewayRequest) => Promise<GatewayAnswer>): Promise<LyingGateway> {
    return startLyingGateway(this.parts.rootFolder, answer);
  }

  /** Verifies the receipt and opens the answer, as the sender does. Rejects if either fails. */
  read(reply: Reply, message: PreparedMessage): Promise<Relayed> {
    const { status, body } = reply;
    return this.parts.sender.read(new Response(new Uint8Array(body), { status }), message);
  }

  /** Returns the enclave's log and console. */
  output(): string {
    return this.machine.output();
  }

  kill(): Promise<void> {
    return this.machine.kill();
  }

  /** Ends the enclave and starts it again, at the same address. */
  async restart(): Promise<void> {
    await this.machine.kill();
    await this.machine.start();
  }
}
