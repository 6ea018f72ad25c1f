import { decode, encode } from 'cborg';
import { createNsm } from './nsm';

function asked(answer: unknown, raw = false) {
  const requests: unknown[] = [];
  let closed = false;
  const nsm = createNsm({
    request: (bytes) => {
      requests.push(decode(bytes));
      return Promise.resolve(raw ? (answer as Uint8Array) : encode(answer));
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  });
  return { nsm, requests, wasClosed: () => closed };
}

describe('the NSM client', () => {
  it('requests a document in the form of the NSM, with null for absent fields', async () => {
    const { nsm, requests } = asked({ Attestation: { document: Uint8Array.of(9) } });
    expect(await nsm.attest({ nonce: Uint8Array.of(1) })).toEqual(Uint8Array.of(9));
    expect(requests).toEqual([{ Attestation: { nonce: Uint8Array.of(1), user_data: null, public_key: null } }]);
  });

  it.each([
    ['nonce', { nonce: new Uint8Array(512) }, { nonce: new Uint8Array(513) }],
    ['user data', { userData: new Uint8Array(512) }, { userData: new Uint8Array(513) }],
    ['public key', { publicKey: new Uint8Array(1024) }, { publicKey: new Uint8Array(1025) }],
  ])('accepts the longest %s, and refuses a longer one without a request', async (_, longest, tooLong) => {
    const { nsm, requests } = asked({ Attestation: { document: Uint8Array.of(9) } });
    await nsm.attest(longest);
    await expect(nsm.attest(tooLong)).rejects.toMatchObject({ code: 'ERR_NSM_INPUT_TOO_LARGE' });
    expect(requests).toHaveLength(1);
  });

  it('refuses an empty public key without a request', async () => {
    const { nsm, requests } = asked({});
    await expect(nsm.attest({ publicKey: new Uint8Array() })).rejects.toMatchObject({
      code: 'ERR_NSM_INVALID_ARGUMENT',
    });
    expect(requests).toEqual([]);
  });

  it.each([
    ['InvalidArgument', 'ERR_NSM_INVALID_ARGUMENT'],
    ['InvalidIndex', 'ERR_NSM_INVALID_INDEX'],
    ['InvalidResponse', 'ERR_NSM_INVALID_RESPONSE'],
    ['ReadOnlyIndex', 'ERR_NSM_READ_ONLY_INDEX'],
    ['InvalidOperation', 'ERR_NSM_INVALID_OPERATION'],
    ['BufferTooSmall', 'ERR_NSM_BUFFER_TOO_SMALL'],
    ['InputTooLarge', 'ERR_NSM_INPUT_TOO_LARGE'],
    ['InternalError', 'ERR_NSM_INTERNAL_ERROR'],
    ['constructor', 'ERR_NSM_ANSWER'],
    [7, 'ERR_NSM_ANSWER'],
  ])('throws the answer %s as %s', async (answer, code) => {
    await expect(asked({ Error: answer }).nsm.attest({})).rejects.toMatchObject({ code });
  });

  it.each([
    ['something that is not CBOR', Uint8Array.of(0xff), true],
    ['no bytes', new Uint8Array(), true],
    ['the answer to another request', { GetRandom: { random: Uint8Array.of(1) } }, false],
    ['a text', 'Attestation', false],
    ['no document', { Attestation: {} }, false],
    ['a document of the wrong type', { Attestation: { document: 'x' } }, false],
  ])('refuses %s in place of a document', async (_, answer, raw) => {
    await expect(asked(answer, raw).nsm.attest({})).rejects.toMatchObject({ name: 'NsmError', code: 'ERR_NSM_ANSWER' });
  });

  it('collects random bytes, even if the device gives only a few at once', async () => {
    const { nsm, requests } = asked({ GetRandom: { random: Uint8Array.of(1, 2, 3) } });
    expect(await nsm.random(7)).toEqual(Uint8Array.of(1, 2, 3, 1, 2, 3, 1));
    expect(requests).toEqual(['GetRandom', 'GetRandom', 'GetRandom']);
  });

  it('refuses an answer without random bytes', async () => {
    await expect(asked({ GetRandom: { random: new Uint8Array() } }).nsm.random(1)).rejects.toMatchObject({
      code: 'ERR_NSM_ANSWER',
    });
  });

  it.each([0, -1, 1.5, 4097, NaN])('refuses a request for %p random bytes', async (length) => {
    await expect(asked({}).nsm.random(length)).rejects.toMatchObject({ code: 'ERR_NSM_INVALID_ARGUMENT' });
  });

  it('describes the NSM', async () => {
    const answer = {
      version_major: 1,
      version_minor: 2,
      version_patch: 3,
      module_id: 'i-1-enc2',
      max_pcrs: 32,
      locked_pcrs: [0, 1],
      digest: 'SHA384',
    };
    const { nsm, requests } = asked({ DescribeNSM: answer });
    expect(await nsm.describe()).toEqual({
      versionMajor: 1,
      versionMinor: 2,
      versionPatch: 3,
      moduleId: 'i-1-enc2',
      maxPcrs: 32,
      lockedPcrs: [0, 1],
      digest: 'SHA384',
    });
    expect(requests).toEqual(['DescribeNSM']);
    await expect(asked({ DescribeNSM: { ...answer, locked_pcrs: ['0'] } }).nsm.describe()).rejects.toMatchObject({
      code: 'ERR_NSM_ANSWER',
    });
    await expect(asked({ DescribeNSM: { ...answer, max_pcrs: '32' } }).nsm.describe()).rejects.toMatchObject({
      code: 'ERR_NSM_ANSWER',
    });
    await expect(asked({ DescribeNSM: { ...answer, digest: 384 } }).nsm.describe()).rejects.toMatchObject({
      code: 'ERR_NSM_ANSWER',
    });
  });

  it('describes a PCR', async () => {
    const { nsm, requests } = asked({ DescribePCR: { lock: true, data: new Uint8Array(48) } });
    expect(await nsm.describePcr(3)).toEqual({ lock: true, value: new Uint8Array(48) });
    expect(requests).toEqual([{ DescribePCR: { index: 3 } }]);
    await expect(nsm.describePcr(-1)).rejects.toMatchObject({ code: 'ERR_NSM_INVALID_INDEX' });
    await expect(
      asked({ DescribePCR: { lock: 1, data: new Uint8Array(48) } }).nsm.describePcr(0),
    ).rejects.toMatchObject({ code: 'ERR_NSM_ANSWER' });
  });

  it('closes its transport', async () => {
    const { nsm, wasClosed } = asked({});
    await nsm.close();
    expect(wasClosed()).toBe(true);
  });
});
