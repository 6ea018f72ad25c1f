import {
  DISPATCHED_BEFORE_HEADER,
  INTERIM_RECEIPT_HEADER,
  forEachChamber,
  type Chamber,
} from '@communique-tee/protocol';
import { startEnclaveFixture, prepare } from '../../testing/enclave-fixture';
import { RecordStore } from '../../testing/record-store';
import { Sender } from '../../testing/sender';
import { startSealedWorld, type SealedEnclave, type SealedWorld } from '../../testing/sealed-world';
import type { Relayed } from '../../testing/read-relayed';

const careless = { deduplicates: false };
const DISPATCHED = { [DISPATCHED_BEFORE_HEADER]: '1' };
const interim = (receipt: string) => ({ [INTERIM_RECEIPT_HEADER]: receipt });
const outcomes = ({ opened }: Relayed) => opened.offices.map(({ outcome, reason }) => [outcome, reason]);
const accepted = ['accepted', null];
const withheld = ['pending', 'may_have_been_sent'];

describe('two enclaves that share their keys', () => {
  let world: SealedWorld;
  let sender: Sender;
  let first: SealedEnclave;
  let second: SealedEnclave;

  const open = async (congress: Partial<Record<Chamber, object>>) => {
    world = await startSealedWorld({ congress });
    sender = new Sender(world.trustAnchor, () => world.time.nowMs());
    const configure = (configuration: Record<string, unknown>) => {
      const { congress: own } = configuration['services'] as { congress: Record<Chamber, object> };
      const chambers = forEachChamber((chamber) => ({ ...own[chamber], ...congress[chamber] }));
      return {
        ...configuration,
        services: { congress: { ...own, ...chambers, acceptReplayAcrossEnclaves: true } },
      };
    };
    first = await world.start({ configure });
    second = await world.start({ configure });
    await new RecordStore().settle([first, second]);
  };
  afterEach(() => world.stop());

  describe('with chambers that accept a DeliveryId twice', () => {
    beforeEach(() => open({ house: careless, senate: careless }));

    it('do not both send a copy: the second enclave withholds it as pending if the gateway reports an unanswered attempt', async () => {
      const prepared = await sender.prepare(first.url);
      await sender.relayed(first.url, prepared);
      const second_ = await sender.relayed(second.url, prepared, DISPATCHED);
      expect(outcomes(second_)).toEqual([withheld, withheld, withheld]);
      expect(second_.answer).toMatchObject({ state: 'pending', withheld: 3, retryAfterSeconds: null });
      expect(second_.receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['pending', 'pending', 'pending']);
      expect(world.congress.received()).toHaveLength(3);
      // The first enclave remembers the outcomes of its own attempt
      expect(outcomes(await sender.relayed(first.url, prepared, DISPATCHED))).toEqual([accepted, accepted, accepted]);
    });

    it('remember no outcome from the parent’s false claim that a message was sent', async () => {
      const prepared = await sender.prepare(first.url);
      const fabricated = { ...DISPATCHED, ...interim(`${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(86)}`) };
      for (const headers of [DISPATCHED, fabricated, DISPATCHED])
        expect(outcomes(await sender.relayed(first.url, prepared, headers))).toEqual([withheld, withheld, withheld]);
      expect(world.congress.received()).toHaveLength(0);
      // As soon as the gateway stops lying, the message is delivered
      expect(outcomes(await sender.relayed(first.url, prepared))).toEqual([accepted, accepted, accepted]);
      expect(world.congress.received()).toHaveLength(3);
    });

    it('send each copy once: the second enclave sends only those that an interim receipt lists as pending', async () => {
      world.congress.setFaults({
        queue: [
          { fault: { kind: 'maintenance', retryAfterSeconds: 1 }, chamber: 'senate', times: 2 },
          { fault: { kind: 'status', status: 400, body: 'no' }, chamber: 'house' },
        ],
      });
      const prepared = await sender.prepare(first.url);
      const before = await sender.relayed(first.url, prepared);
      expect(outcomes(before).map(([outcome]) => outcome)).toEqual(['refused', 'pending', 'pending']);
      const after = await sender.relayed(second.url, prepared, interim(before.answer.receipt));
      expect(outcomes(after)).toEqual([['refused', 'settled_before'], accepted, accepted]);
      expect(
        world.congress
          .received()
          .map(({ office }) => office)
          .sort(),
      ).toEqual(['SCA01', 'SCA03']);
    });

    it('send no pending copy after an interim receipt and a later unanswered attempt, but repeat the accepted outcome', async () => {
      world.congress.setFaults({
        queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 1 }, chamber: 'senate', times: 2 }],
      });
      const prepared = await sender.prepare(first.url);
      const before = await sender.relayed(first.url, prepared);
      const after = await sender.relayed(second.url, prepared, { ...interim(before.answer.receipt), ...DISPATCHED });
      expect(outcomes(after)).toEqual([accepted, withheld, withheld]);
      expect(after.answer).toMatchObject({ state: 'pending', withheld: 2 });
      expect(after.opened.offices.map(({ deliveryId }) => deliveryId)).toEqual(
        before.opened.offices.map(({ deliveryId }) => deliveryId),
      );
      expect(world.congress.received()).toHaveLength(1);
    });

    it.each<[string, (receipt: string, of: { other: string }) => string]>([
      ['of another message', (_receipt, { other }) => other],
      ['that is forged', (receipt) => `${receipt.slice(0, -4)}AAAA`],
      ['that is malformed', () => 'a receipt'],
    ])('ignore an interim receipt %s', async (_name, change) => {
      const prepared = await sender.prepare(first.url);
      const other = await sender.relayed(first.url, await sender.prepare(first.url));
      world.congress.clearReceived();
      world.congress.setFaults({ queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 1 }, times: 3 }] });
      const { answer } = await sender.relayed(first.url, prepared);
      const headers = interim(change(answer.receipt, { other: other.answer.receipt }));
      expect(outcomes(await sender.relayed(second.url, prepared, { ...headers, ...DISPATCHED }))).toEqual([
        withheld,
        withheld,
        withheld,
      ]);
      expect(world.congress.received()).toHaveLength(0);
      expect(outcomes(await sender.relayed(second.url, prepared, headers))).toEqual([accepted, accepted, accepted]);
      expect(world.congress.received()).toHaveLength(3);
    });

    it.each([['0'], ['1, 1'], ['true'], ['']])(
      'refuse the value %j of the header about earlier attempts',
      async (value) => {
        const prepared = await sender.prepare(first.url);
        expect(await sender.refusal(first.url, prepared, { [DISPATCHED_BEFORE_HEADER]: value })).toBe(
          '400 malformed_body',
        );
        expect(world.congress.received()).toHaveLength(0);
      },
    );
  });

  it('send a copy again only to a chamber that de-duplicates', async () => {
    await open({ house: careless });
    const prepared = await sender.prepare(first.url);
    await sender.relayed(first.url, prepared);
    expect(outcomes(await sender.relayed(second.url, prepared, DISPATCHED))).toEqual([
      withheld,
      ['duplicate', 'already_received'],
      ['duplicate', 'already_received'],
    ]);
    expect(world.congress.received()).toHaveLength(3);
  });
});

it('an enclave with per-process keys sends a message that it does not remember, whatever the gateway claims', async () => {
  const alone = await startEnclaveFixture({ congress: { house: careless, senate: careless } });
  try {
    const prepared = await prepare(alone);
    const response = await fetch(`${alone.url}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor', ...DISPATCHED },
      body: new Uint8Array(prepared.sealed),
    });
    expect(response.status).toBe(200);
    expect(alone.congress.received()).toHaveLength(3);
  } finally {
    await alone.stop();
  }
});
