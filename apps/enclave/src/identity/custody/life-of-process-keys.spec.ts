import { keyIdOf, open, sealing } from '@communique-tee/crypto';
import { createNsm, NsmError } from '@communique-tee/nsm';
import {
  DEFAULT_SUITE,
  decodeRelayAnswer,
  legacyPublicKeyView,
  toHex,
  type SealedMessage,
} from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createEgress } from '../../egress';
import { AnchoredClock } from '../../runtime/anchored-clock';
import { createLog } from '../../runtime/log';
import { startEnclaveFixture, type EnclaveFixture } from '../../testing/enclave-fixture';
import { legacyContent, sealAsLegacyClient, type LegacySealed } from '../../testing/legacy-client';
import { DAY_MS, HOUR_MS } from '../../testing/sealed-world';
import { Sender } from '../../testing/sender';
import { openCustody, type Custody } from './open-custody';

const MINUTE_MS = 60_000;
/** One day as the current key, then the longest lifetime of a message, then an hour because clocks may differ. */
const LIFE_MS = DAY_MS + 7 * DAY_MS + HOUR_MS;

/** The NSM's time. A test moves it by `offsetMs`; no other clock here follows. */
const time = { offsetMs: 0, nowMs: () => Math.floor(performance.timeOrigin + performance.now()) + time.offsetMs };
beforeEach(() => {
  time.offsetMs = 0;
});

describe('per-process keys while the parent sends nothing after the start', () => {
  let folder: TemporaryFolder;
  let custody: Custody;
  let log: string[];
  let isNsmAway: boolean;
  beforeEach(async () => {
    folder = await temporaryFolder('process-keys');
    log = [];
    isNsmAway = false;
    const mock = await createMockNsmTransport({ rootFolder: folder.path, now: () => time.nowMs() });
    custody = await openCustody({
      configuration: { stack: 'test', custody: { mode: 'process', rotateAfterSeconds: 86_400 }, legacySuite: false },
      secretNames: [],
      configSha256: new Uint8Array(32),
      nsm: createNsm({
        ...mock,
        request: (bytes) =>
          isNsmAway ? Promise.reject(new NsmError('ERR_NSM_DEVICE', 'no device')) : mock.request(bytes),
      }),
      clock: new AnchoredClock(),
      egress: createEgress({ mode: 'direct' }, []),
      log: createLog((line) => log.push(line)),
    });
  });
  afterEach(async () => {
    await custody.keyMaintenance.stop();
    await folder.remove();
  });

  const passes = async (ms: number) => {
    time.offsetMs += ms;
    await custody.keyMaintenance.runOnce();
  };
  const held = () => custody.ring.held().map(({ keys }) => toHex(keys.keyId));
  const count = (event: string) => log.filter((line) => line.includes(`"event":"${event}"`)).length;
  const seal = (): SealedMessage => {
    const { publicKey } = custody.ring.currentOrNotReady().keys.sealing;
    return sealing.seal({
      publicKey,
      suite: DEFAULT_SUITE,
      keyId: keyIdOf(publicKey),
      messageId: randomBytes(16),
      expiresAtSeconds: Math.floor(time.nowMs() / 1000) + 600,
      nullifier: null,
      plaintext: Buffer.from('what a sender wrote'),
    }).message;
  };
  /** Returns whether an attacker with all keys of the process can open the message. */
  const opens = (message: SealedMessage): boolean =>
    custody.ring.held().some(({ keys }) => {
      try {
        return Buffer.from(open(keys.sealing, message).plaintext).includes('what a sender wrote');
      } catch {
        return false;
      }
    });

  it('rotate every day by the attested clock, and earlier keys still open what was sealed to them', async () => {
    const [first] = held();
    const message = seal();
    await passes(DAY_MS - 5 * MINUTE_MS);
    expect(held()).toEqual([first]);
    for (let day = 1; day <= 7; day++) {
      await passes(day === 1 ? 10 * MINUTE_MS : DAY_MS);
      expect(held()).toHaveLength(day + 1);
      expect(held().at(-1)).toBe(first);
    }
    expect(count('key_rotated')).toBe(7);
    expect(opens(message)).toBe(true);
  });

  it('do not let an attacker who takes the whole key ring open messages sealed more than 8 days and an hour ago', async () => {
    const message = seal();
    expect(opens(message)).toBe(true);
    await passes(LIFE_MS - MINUTE_MS);
    expect(opens(message)).toBe(true);
    await passes(MINUTE_MS + 1000);
    expect(opens(message)).toBe(false);
    expect(count('key_destroyed')).toBe(1);
    // The next key opens a message that is sealed to it
    expect(opens(seal())).toBe(true);
  });

  it('are destroyed at the next use of the key ring if the timer has not run yet', async () => {
    const message = seal();
    time.offsetMs += LIFE_MS;
    await custody.ring.currentOrNotReady().documents.withNonce(new Uint8Array(16));
    expect(opens(message)).toBe(false);
  });

  it('are garbage-collected when they are destroyed', async () => {
    const pairs = custody.ring
      .held()
      .map(({ keys }) => [new WeakRef(keys.sealing.privateKey), new WeakRef(keys.receiptPrivateKey)])
      .flat();
    expect(pairs.every((pair) => pair.deref() !== undefined)).toBe(true);
    await passes(LIFE_MS);
    await nextTurn();
    await nextTurn();
    expect(pairs.map((pair) => pair.deref())).toEqual([undefined, undefined]);
  });

  it('stay in use while the NSM fails, and end on time after it works again', async () => {
    const message = seal();
    await passes(LIFE_MS - MINUTE_MS);
    const heldBefore = held();
    expect(heldBefore).toHaveLength(2);
    isNsmAway = true;
    await custody.keyMaintenance.runOnce();
    expect(count('nsm_failed')).toBe(1);
    expect(held()).toEqual(heldBefore);
    isNsmAway = false;
    await passes(2 * MINUTE_MS);
    expect(opens(message)).toBe(false);
    expect(held()).toHaveLength(1);
  });
});

describe('an enclave with per-process keys', () => {
  let fixture: EnclaveFixture;
  afterEach(async () => {
    jest.useRealTimers();
    await fixture.stop();
  });
  /** Advances the NSM's time, then requests a document, which anchors the enclave's clock at that time. */
  const passes = async (ms: number) => {
    time.offsetMs += ms;
    await fetch(`${fixture.url}/attestation?nonce=${'ab'.repeat(16)}`);
  };
  const codeOf = async (response: Response) => (response.ok ? 200 : ((await response.json()) as { code: string }).code);

  it('rotates its key by its own timer', async () => {
    jest.useFakeTimers({
      doNotFake: [
        'Date',
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setTimeout',
        'clearTimeout',
      ],
    });
    fixture = await startEnclaveFixture({ now: time.nowMs });
    const sender = new Sender(fixture.trustAnchor, time.nowMs);
    const before = await sender.prepare(fixture.url);
    time.offsetMs += DAY_MS + MINUTE_MS;
    jest.advanceTimersByTime(MINUTE_MS);
    let rotated = toHex(before.message.keyId);
    while (rotated === toHex(before.message.keyId)) rotated = toHex((await sender.key(fixture.url)).keyId);
    const { receipt } = await sender.relayed(fixture.url, before);
    expect(toHex(receipt.enclave.keyId)).toBe(toHex(before.message.keyId));
    expect(fixture.log.join('')).toContain('"event":"key_rotated"');
  });

  it('delivers a legacy message once during the life of its key, and never after', async () => {
    fixture = await startEnclaveFixture({
      now: time.nowMs,
      legacySuite: true,
      congress: { house: { deduplicates: false }, senate: { deduplicates: false } },
      // The limits are so small that the enclave forgets everything that it may forget
      limits: { maxRememberedAnswers: 10, maxRememberedDeliveries: 100 },
    });
    const sender = new Sender(fixture.trustAnchor, time.nowMs);
    const { legacyKey = new Uint8Array() } = await sender.key(fixture.url);
    const replayed = await sealAsLegacyClient(legacyPublicKeyView(keyIdOf(legacyKey), legacyKey), legacyContent());
    const outcomes = async ({ sealed, open: openAnswer }: LegacySealed) => {
      const response = await fixture.relay(sealed);
      if (!response.ok) return codeOf(response);
      const { answer } = decodeRelayAnswer(new Uint8Array(await response.arrayBuffer()));
      return openAnswer(answer).offices.map(({ outcome }) => outcome);
    };
    expect(await outcomes(replayed)).toEqual(['accepted']);
    const delivered = () => fixture.congress.received().filter(({ xml }) => xml.includes('that a legacy test sends'));

    // The next messages fill the memory to its limit, so the enclave would forget a message with an expiry
    await passes(7 * DAY_MS + 2 * HOUR_MS);
    for (let i = 0; i < 32; i++) await sender.relayed(fixture.url, await sender.prepare(fixture.url, {}, 600));
    await passes(700_000);
    for (let i = 0; i < 3; i++) await sender.relayed(fixture.url, await sender.prepare(fixture.url, {}, 600));
    expect(await outcomes(replayed)).toEqual(['accepted']);
    expect(delivered()).toHaveLength(1);

    await passes(LIFE_MS);
    expect(['key_retired', 'keys_not_ready']).toContain(await outcomes(replayed));
    expect(delivered()).toHaveLength(1);
  });
});
