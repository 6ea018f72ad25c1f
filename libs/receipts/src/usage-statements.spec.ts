import { costMicroUsd, priceTableSha256, reservationMicroUsd, rowOf, type PriceTable } from '@communique-tee/agents';
import { TEST_PRICE_TABLE } from '@communique-tee/agents/testing';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { keyIdOf } from '@communique-tee/crypto';
import { verifyEnclave } from '@communique-tee/enclave-identity';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import {
  DEFAULT_SUITE,
  PROCESS_CUSTODY,
  encodeKeyBinding,
  toBase64Url,
  type UsageStatement,
} from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { CompactSign } from 'jose';
import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import {
  checkUsageStatement,
  verifyUsageStatement,
  verifyUsageStatementSignature,
  type ExpectedAttempt,
  type SignerPolicy,
} from './index';
import { signReceipt, signUsageStatement } from './node';

const requestSha256 = new Uint8Array(32).fill(7);
const expected: ExpectedAttempt = {
  requestId: '00112233-4455-4677-8899-aabbccddeeff',
  requestSha256,
  attempt: 1,
  modelClass: 'small',
  provider: 'openai',
  model: 'gpt-test',
  maxOutputTokens: 1024,
  ciphertextBytes: 4112,
  prices: TEST_PRICE_TABLE,
};
const row = rowOf(TEST_PRICE_TABLE, 'openai', 'gpt-test', new Date())!;
const usage = { input: 100, cached: 50, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 40, thinking: 3 };
const fullPrice = String(reservationMicroUsd({ row, ciphertextBytes: 4112, maxOutputTokens: 1024 }));

let folder: TemporaryFolder;
let nsm: Nsm;
let receiptKey: KeyObject;
let rawReceiptKey: Uint8Array;
let document: Uint8Array;
let policy: SignerPolicy;
let claims: UsageStatement;

beforeAll(async () => {
  folder = await temporaryFolder('usage-statements');
  nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
  const pair = generateKeyPairSync('ed25519');
  receiptKey = pair.privateKey;
  rawReceiptKey = new Uint8Array(Buffer.from(String(pair.publicKey.export({ format: 'jwk' }).x), 'base64url'));
  const publicKey = new Uint8Array(randomBytes(32));
  const binding = {
    keyId: keyIdOf(publicKey),
    receiptKey: rawReceiptKey,
    custody: PROCESS_CUSTODY,
    configSha256: new Uint8Array(32),
  };
  document = await nsm.attest({ publicKey, userData: encodeKeyBinding(binding) });
  policy = {
    verifyEnclave,
    acceptedMeasurements: [developmentMeasurements],
    trustAnchor: unsafeTrustAnchorFromPem(await developmentRootPem(folder.path)),
  };
  claims = {
    v: 1,
    request_id: expected.requestId,
    request_sha256: toBase64Url(requestSha256),
    attempt: 1,
    model_class: 'small',
    provider: 'openai',
    model: 'gpt-test',
    served_model: 'gpt-test-2026-01-01',
    end: 'complete',
    usage_state: 'reported',
    usage,
    prices_version: TEST_PRICE_TABLE.version,
    prices_sha256: priceTableSha256(TEST_PRICE_TABLE),
    cost_micro_usd: String(costMicroUsd(usage, row)),
    time: Math.floor(Date.now() / 1000),
    pcr0: developmentMeasurements.pcr0,
    attestation_sha256: toBase64Url(createHash('sha256').update(document).digest()),
  };
});
afterAll(async () => {
  await nsm.close();
  await folder.remove();
});

const code = (name: string) => expect.objectContaining({ name: 'ReceiptError', code: name }) as Error;
const signed = async (changes: Partial<UsageStatement> = {}, key = receiptKey) =>
  signUsageStatement({ ...claims, ...changes }, key);
const verify = (statement: string, changes: Partial<ExpectedAttempt> = {}) =>
  verifyUsageStatement({ statement, attestationDocument: document }, policy, { ...expected, ...changes });

it('a usage statement verifies with only the document that comes with it', async () => {
  const verified = await verify(await signed());
  expect(verified.claims).toEqual(claims);
  expect(verified.enclave.attestation.pcr0).toBe(claims.pcr0);
  expect(await verifyUsageStatementSignature(await signed(), rawReceiptKey)).toEqual(claims);
});

describe('the cost in a usage statement', () => {
  it.each<[string, () => Partial<UsageStatement>]>([
    ['above what was reserved', () => ({ usage: { ...usage, thinking: 355_987 }, cost_micro_usd: '2136027' })],
    ['the full price of one attempt if the usage is unknown', () => unknown('lost', 'unknown', fullPrice)],
    ['the full price of one attempt if the counts are invalid', () => unknown('complete', 'invalid', fullPrice)],
    ['the full price of one attempt if another tier answered', () => unknown('tier_mismatch', 'invalid', fullPrice)],
    ['zero if nothing is billed', () => unknown('rate', 'not_billed', '0')],
    ['zero if nothing was sent', () => unknown('not_sent', 'not_billed', '0')],
  ])('can be %s', async (_name, changes) => {
    const wanted = changes();
    if (wanted.usage) wanted.cost_micro_usd = String(costMicroUsd(wanted.usage, row));
    expect((await verify(await signed(wanted))).claims.cost_micro_usd).toBe(wanted.cost_micro_usd);
  });

  it.each<[string, () => Partial<UsageStatement>]>([
    ['inflated by a micro-dollar', () => ({ cost_micro_usd: String(BigInt(claims.cost_micro_usd) + 1n) })],
    ['lowered by a micro-dollar', () => ({ cost_micro_usd: String(BigInt(claims.cost_micro_usd) - 1n) })],
    ['the price of other tokens', () => ({ usage: { ...usage, output: 41 } })],
    ['more than the full price of a lost attempt', () => unknown('lost', 'unknown', String(BigInt(fullPrice) + 1n))],
    ['zero for a lost attempt', () => unknown('lost', 'unknown', '0')],
  ])('cannot be %s', async (_name, changes) => {
    await expect(verify(await signed(changes()))).rejects.toEqual(code('ERR_STATEMENT_COST'));
  });

  it('is the full price for the request’s size and maximum output if the usage is unknown', async () => {
    const statement = await signed(unknown('lost', 'unknown', fullPrice));
    for (const other of [{ ciphertextBytes: 8208 }, { maxOutputTokens: 1088 }])
      await expect(verify(statement, other)).rejects.toEqual(code('ERR_STATEMENT_COST'));
  });

  it('is refused if it is above zero although nothing is billed', async () => {
    await expect(signed(unknown('rate', 'not_billed', '1'))).rejects.toThrow();
  });
});

describe('a usage statement', () => {
  it.each<[string, Partial<ExpectedAttempt>]>([
    ['another request id', { requestId: '10112233-4455-4677-8899-aabbccddeeff' }],
    ['other sealed bytes under the same id', { requestSha256: new Uint8Array(32) }],
    ['the other attempt', { attempt: 2 }],
    ['another model class', { modelClass: 'large' }],
    ['another provider', { provider: 'gemini' }],
    ['another model', { model: 'gpt-other' }],
  ])('is refused when it is replayed for %s', async (_name, other) => {
    await expect(verify(await signed(), other)).rejects.toEqual(code('ERR_STATEMENT_OTHER_REQUEST'));
  });

  it('is refused under another price table, and for a model without a price', async () => {
    await expect(verify(await signed({ prices_version: '2026-01-01.2' }))).rejects.toEqual(
      code('ERR_STATEMENT_PRICES'),
    );
    await expect(verify(await signed({ prices_sha256: 'ab'.repeat(32) }))).rejects.toEqual(
      code('ERR_STATEMENT_PRICES'),
    );
    const prices: PriceTable = { ...TEST_PRICE_TABLE, rows: [] };
    const statement = { ...claims, prices_sha256: priceTableSha256(prices) };
    expect(() => {
      checkUsageStatement(statement, { ...expected, prices });
    }).toThrow(code('ERR_STATEMENT_PRICES'));
  });

  it.each<[string, () => Promise<string>, string]>([
    ['if it is missing', () => Promise.resolve(''), 'ERR_RECEIPT_MALFORMED'],
    ['if another key signed it', () => signed({}, generateKeyPairSync('ed25519').privateKey), 'ERR_RECEIPT_SIGNATURE'],
    ['if its claims were changed', changedClaims, 'ERR_RECEIPT_SIGNATURE'],
    ['if it names another measurement', () => signed({ pcr0: 'ab'.repeat(48) }), 'ERR_RECEIPT_MEASUREMENT'],
    ['if it names another document', () => signed({ attestation_sha256: 'A'.repeat(43) }), 'ERR_RECEIPT_ATTESTATION'],
    [
      'if it was signed before its document was made',
      () => signed({ time: claims.time - 3600 }),
      'ERR_RECEIPT_ATTESTATION',
    ],
    ['if it has the type of a receipt', withReceiptType, 'ERR_RECEIPT_MALFORMED'],
    ['if it is a receipt', aReceipt, 'ERR_RECEIPT_MALFORMED'],
  ])('is refused %s', async (_name, statement, expectedCode) => {
    await expect(verify(await statement())).rejects.toEqual(code(expectedCode));
  });

  it('is refused from an enclave that the caller does not accept', async () => {
    const other: SignerPolicy = {
      ...policy,
      acceptedMeasurements: [{ ...developmentMeasurements, pcr0: 'cd'.repeat(48) }],
    };
    const carried = { statement: await signed(), attestationDocument: document };
    await expect(verifyUsageStatement(carried, other, expected)).rejects.toEqual(code('ERR_RECEIPT_ATTESTATION'));
  });
});

function unknown(
  end: UsageStatement['end'],
  usage_state: UsageStatement['usage_state'],
  cost_micro_usd: string,
): Partial<UsageStatement> {
  return { end, usage_state, usage: null, cost_micro_usd };
}

async function changedClaims(): Promise<string> {
  const [header, , signature] = (await signed()).split('.');
  return [header, Buffer.from(JSON.stringify({ ...claims, attempt: 2 })).toString('base64url'), signature].join('.');
}

function withReceiptType(): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'Ed25519', typ: 'communique-tee-receipt+jws' })
    .sign(receiptKey);
}

async function aReceipt(): Promise<string> {
  const { time, pcr0, attestation_sha256 } = claims;
  const sealed_sha256 = claims.request_sha256;
  const about = { message_id: claims.request_id, sealed_sha256, offices: [] };
  return signReceipt({ v: 2, suite: DEFAULT_SUITE, ...about, time, pcr0, attestation_sha256 }, receiptKey);
}
