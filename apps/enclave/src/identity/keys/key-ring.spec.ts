import { createLog } from '../../runtime/log';
import { deriveEnclaveKeys } from './enclave-keys';
import { KeyRing, type HeldKey } from './key-ring';

describe('the key ring', () => {
  let nowMs: number;
  let log: string[];
  let ring: KeyRing;
  beforeEach(() => {
    nowMs = 1000;
    log = [];
    ring = new KeyRing(
      { nowMs: () => nowMs },
      createLog((line) => log.push(line)),
    );
  });
  const key = (fill: number, times: Partial<HeldKey> = {}): HeldKey => ({
    keys: deriveEnclaveKeys(new Uint8Array(32).fill(fill), 'process'),
    documents: undefined as unknown as HeldKey['documents'], // not used here
    epoch: fill,
    rotateAfterMs: 2000,
    destroyAfterMs: 3000,
    ...times,
  });
  const events = () => log.map((line) => (JSON.parse(line) as { event: string }).event);

  it('has the key with the highest epoch as current, holds every key, and finds a key by its id', () => {
    const [one, two] = [key(1), key(2)];
    ring.take(two);
    ring.take(one);
    expect(ring.current()).toBe(two);
    expect(ring.held()).toEqual([two, one]);
    expect(ring.find(Uint8Array.from(one.keys.keyId))).toBe(one);
    expect(ring.find(new Uint8Array(16))).toBeUndefined();
    expect(events()).toEqual([]);
  });

  it('picks the same current key in every enclave if two keys have the same epoch', () => {
    const [one, other] = [key(1, { epoch: 7 }), key(2, { epoch: 7 })];
    const reversed = new KeyRing(
      { nowMs: () => nowMs },
      createLog(() => undefined),
    );
    for (const each of [one, other]) ring.take(each);
    for (const each of [other, one]) reversed.take(each);
    expect(ring.current()).toBe(reversed.current());
  });

  it('returns no key at and after its end', () => {
    ring.take(key(1));
    ring.take(key(2, { destroyAfterMs: 4000 }));
    nowMs = 2999;
    expect(ring.held()).toHaveLength(2);
    nowMs = 3000;
    expect(ring.find(key(1).keys.keyId)).toBeUndefined();
    expect(ring.current()?.epoch).toBe(2);
    nowMs = 4000;
    expect(ring.current()).toBeUndefined();
    expect(() => ring.currentOrNotReady()).toThrow(expect.objectContaining({ code: 'keys_not_ready' }));
    expect(events()).toEqual(['key_destroyed', 'key_destroyed']);
  });

  it('logs once when another key becomes current', () => {
    ring.take(key(1));
    ring.take(key(2));
    ring.sayIfRotated();
    expect(events()).toEqual([]);
    ring.take(key(3));
    ring.sayIfRotated();
    ring.sayIfRotated();
    ring.destroy(key(3).keys.keyId, 'revoked');
    ring.destroy(key(3).keys.keyId, 'revoked');
    ring.sayIfRotated();
    expect(events()).toEqual(['key_rotated', 'key_destroyed', 'key_rotated']);
    expect(ring.current()?.epoch).toBe(2);
  });

  it('is due for rotation if it has no key, and from the current key’s rotateAfterMs on', () => {
    expect(ring.isRotationDue()).toBe(true);
    ring.take(key(1));
    nowMs = 1999;
    expect(ring.isRotationDue()).toBe(false);
    nowMs = 2000;
    expect(ring.isRotationDue()).toBe(true);
    ring.take(key(2, { rotateAfterMs: 3000 }));
    expect(ring.isRotationDue()).toBe(false);
  });

  it('calls back after each key that it drops, so that memory can be garbage-collected', () => {
    const dropped = jest.fn();
    const own = new KeyRing(
      { nowMs: () => nowMs },
      createLog(() => undefined),
      dropped,
    );
    own.take(key(1));
    own.destroyExpired();
    expect(dropped).not.toHaveBeenCalled();
    nowMs = 3000;
    own.destroyExpired();
    own.destroyExpired();
    expect(dropped).toHaveBeenCalledTimes(1);
  });
});
