import { unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation';
import { pem, testNonce, testTimeMs, writeDocument, type Fields } from '@communique-tee/attestation/testing';
import { keyIdOf } from '@communique-tee/crypto';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import {
  MAX_PUBLIC_CONFIGURATION_BYTES,
  PROCESS_CUSTODY,
  encodeCanonical,
  encodeKeyBinding,
  encodePublicConfiguration,
  type KeyBinding,
  type PublicConfiguration,
} from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createHash } from 'node:crypto';
import * as browserEntry from './browser';
import * as nodeEntry from './index';
import {
  CHECK_NAMES,
  failedCheck,
  type CheckName,
  type EnclaveEvidence,
  type EnclavePolicy,
  type ExaminationPolicy,
} from './exports';

const HOUR_MS = 3_600_000;
const OTHER = 'ab'.repeat(48);
const ALIAS = 'arn:aws:kms:us-east-1:111122223333:alias/enclave';
const publicKey = new Uint8Array(32).fill(1);
const nonce = new Uint8Array(32).fill(2);
const legacyKey = new Uint8Array(32).fill(3);
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

const configuration: PublicConfiguration = {
  version: 3,
  stack: 'test',
  custody: PROCESS_CUSTODY,
  residence: { mode: 'off' },
  legacySuite: false,
  egress: ['house.example:443'],
  services: {},
};
const served = encodePublicConfiguration(configuration);
const oversized = new Uint8Array(MAX_PUBLIC_CONFIGURATION_BYTES + 1);
const bound: KeyBinding = {
  keyId: keyIdOf(publicKey),
  receiptKey: new Uint8Array(32).fill(4),
  custody: PROCESS_CUSTODY,
  configSha256: sha256(served),
};

let folder: TemporaryFolder;
let nsm: Nsm;
let trustAnchor: TrustAnchor;
let policy: EnclavePolicy;

beforeAll(async () => {
  folder = await temporaryFolder('identity');
  nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
  trustAnchor = unsafeTrustAnchorFromPem(await developmentRootPem(folder.path));
  policy = {
    acceptedMeasurements: [developmentMeasurements],
    freshness: { nonce },
    maxAgeMs: 60_000,
    maxFutureSkewMs: 5_000,
    trustAnchor,
  };
});
afterAll(async () => {
  await nsm.close();
  await folder.remove();
});

interface Made {
  binding?: Partial<KeyBinding>;
  fields?: Parameters<Nsm['attest']>[0];
  document?: (document: Uint8Array) => Uint8Array;
  /** null: no configuration is served */
  configuration?: EnclaveEvidence['configuration'] | null;
}

/** Returns the evidence of a genuine enclave, changed as the test wants. */
async function evidenceOf({ binding, fields, document = (same) => same, configuration = served }: Made = {}) {
  const userData = encodeKeyBinding({ ...bound, ...binding });
  const bytes = await nsm.attest({ publicKey, nonce, userData, ...fields });
  return { document: document(bytes), ...(configuration !== null && { configuration }) };
}

const states = (checks: readonly { name: CheckName; state: string }[]) =>
  Object.fromEntries(checks.map(({ name, state }) => [name, state]));
/** Returns the expected states of all checks if the check `failing` fails. */
const statesWhere = (failing: CheckName) => {
  const at = CHECK_NAMES.indexOf(failing);
  return Object.fromEntries(
    CHECK_NAMES.map((name, index) => [
      name,
      index > at ? 'not_run' : index === at ? 'failed' : name === 'chain' ? 'warning' : 'passed',
    ]),
  );
};

/** One row: the check that fails, and how. No other check fails. */
type Failure = readonly [name: CheckName, what: string, code: string, made: Made, change?: () => object];
const FAILURES: readonly Failure[] = [
  ['structure', 'no document', 'ERR_ATTESTATION_CBOR_TRAILING', { document: () => new Uint8Array(9) }],
  ['chain', 'a root that is not AWS’s', 'ERR_ATTESTATION_ROOT', {}, () => ({ trustAnchor: undefined })],
  [
    'chain',
    'expired certificates',
    'ERR_ATTESTATION_CERTIFICATE_EXPIRED',
    {},
    () => ({ at: new Date(Date.now() + 4 * HOUR_MS) }),
  ],
  [
    'signature',
    'a signature with its last byte changed',
    'ERR_ATTESTATION_SIGNATURE',
    { document: (bytes) => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1) },
  ],
  ['nonce', 'another nonce', 'ERR_ATTESTATION_NONCE', { fields: { nonce: new Uint8Array(32) } }],
  [
    'age',
    'a document that is an hour old',
    'ERR_ATTESTATION_TOO_OLD',
    {},
    () => ({ at: new Date(Date.now() + HOUR_MS) }),
  ],
  [
    'image',
    'another image',
    'ERR_ATTESTATION_MEASUREMENT',
    {},
    () => ({ acceptedMeasurements: [{ ...developmentMeasurements, pcr0: OTHER }] }),
  ],
  [
    'operator',
    'the accepted image under the role of a stranger',
    'ERR_ATTESTATION_OPERATOR',
    {},
    () => ({ acceptedMeasurements: [{ ...developmentMeasurements, pcr3: OTHER }] }),
  ],
  [
    'operator',
    'an image and an operator that are accepted, but not together',
    'ERR_ATTESTATION_OPERATOR',
    {},
    () => ({
      acceptedMeasurements: [
        { ...developmentMeasurements, pcr3: OTHER },
        { ...developmentMeasurements, pcr0: OTHER },
        { pcr0: OTHER, operator: 'any' },
      ],
    }),
  ],
  [
    'operator',
    'a parent instance other than the accepted one',
    'ERR_ATTESTATION_INSTANCE',
    {},
    () => ({ acceptedMeasurements: [{ ...developmentMeasurements, pcr4: OTHER }] }),
  ],
  ['key_binding', 'the key id of another key', 'key_id_mismatch', { binding: { keyId: new Uint8Array(16) } }],
  ['key_binding', 'no user data', 'key_binding_invalid', { fields: { userData: new Uint8Array() } }],
  ['key_binding', 'other user data', 'key_binding_invalid', { fields: { userData: Uint8Array.of(0xa0) } }],
  ['key_binding', 'a public key of 31 bytes', 'key_binding_invalid', { fields: { publicKey: new Uint8Array(31) } }],
  [
    'key_binding',
    'a key binding of version 1',
    'key_binding_unsupported',
    {
      fields: {
        userData: encodeCanonical({ v: 1, key_id: bound.keyId, receipt_key: bound.receiptKey, custody: 'process' }),
      },
    },
  ],
  ['custody', 'a custody that is not accepted', 'custody_refused', {}, () => ({ acceptedCustody: [ALIAS] })],
  [
    'configuration',
    'a configuration other than the attested one',
    'configuration_mismatch',
    { configuration: encodePublicConfiguration({ ...configuration, stack: 'other' }) },
  ],
  [
    'configuration',
    'an attested configuration over 16 KiB',
    'configuration_invalid',
    { configuration: oversized, binding: { configSha256: sha256(oversized) } },
  ],
  ...(
    [
      ['that is not canonical', `${Buffer.from(served).toString()} `],
      ['with a member twice', Buffer.from(served).toString().replace('{', '{"version":1,')],
      ['with an unknown member', Buffer.from(served).toString().replace('"stack"', '"spare":1,"stack"')],
    ] as const
  ).map(([what, text]) => {
    const bytes = new Uint8Array(Buffer.from(text));
    const made = { configuration: bytes, binding: { configSha256: sha256(bytes) } };
    return ['configuration', `an attested configuration ${what}`, 'configuration_invalid', made] as const;
  }),
  [
    'configuration',
    'a configuration with another custody than the binding',
    'configuration_contradicts',
    { binding: { custody: ALIAS } },
  ],
  [
    'configuration',
    'a legacy key although the configuration has the legacy suite off',
    'configuration_contradicts',
    { binding: { legacyKey } },
  ],
];

describe.each([
  ['node:crypto', nodeEntry],
  ['WebCrypto', browserEntry],
])('an examination over %s', (_, { examineEnclave, verifyEnclave }) => {
  it('gives the identity of an enclave that passes every check', async () => {
    const evidence = await evidenceOf();
    const { checks, identity } = await examineEnclave(evidence, policy);
    expect(checks.map(({ name }) => name)).toEqual(CHECK_NAMES);
    expect(states(checks)).toEqual({
      ...Object.fromEntries(CHECK_NAMES.map((name) => [name, 'passed'])),
      chain: 'warning',
    });
    expect(checks[1]).toMatchObject({ name: 'chain', code: 'development_root' });
    expect(identity).toMatchObject({ ...bound, publicKey, configuration });
    expect(identity?.attestation.pcr0).toBe(developmentMeasurements.pcr0);
    expect(await verifyEnclave(evidence, policy)).toEqual(identity);
  });

  it.each(FAILURES)('fails at %s for %s: %s', async (...failure) => {
    const [name, , code, made, change] = failure as unknown as Failure;
    const evidence = await evidenceOf(made);
    const changed = { ...policy, ...change?.() };
    const { checks, claims, identity } = await examineEnclave(evidence, changed);
    const chain = checks[1]?.state === 'passed' ? { chain: 'passed' } : {};
    expect(states(checks)).toEqual({ ...statesWhere(name), ...chain });
    expect(failedCheck(checks)).toMatchObject({ name, code });
    expect([claims, identity]).toEqual([undefined, undefined]);
    await expect(verifyEnclave(evidence, changed)).rejects.toMatchObject({ code });
  });

  it('fails for an enclave in debug mode', async () => {
    await using debugged = await temporaryFolder('debug');
    const pcrs = new Map([[2, new Uint8Array(48)]]);
    const transport = await createMockNsmTransport({ rootFolder: debugged.path, pcrs });
    const document = await createNsm(transport).attest({ publicKey, nonce, userData: encodeKeyBinding(bound) });
    const underItsRoot = unsafeTrustAnchorFromPem(await developmentRootPem(debugged.path));
    const { checks } = await examineEnclave({ document }, { ...policy, trustAnchor: underItsRoot });
    expect(states(checks)).toEqual(statesWhere('debug_mode'));
    expect(failedCheck(checks)?.code).toBe('ERR_ATTESTATION_DEBUG');
  });

  it('warns of unknown signed fields, and accepts the enclave', async () => {
    const added = (names: readonly string[]) => ({
      fields: (all: Fields) => names.forEach((name) => all.set(name, encodeCanonical(1))),
    });
    const examined = async (names: readonly string[]) => {
      const { document, rootDer } = writeDocument(added(names));
      const underItsRoot = unsafeTrustAnchorFromPem(pem(rootDer));
      return examineEnclave(
        { document },
        {
          ...policy,
          acceptedMeasurements: [{ pcr0: 'a0'.repeat(48), pcr3: 'a3'.repeat(48) }],
          freshness: { nonce: testNonce },
          at: new Date(testTimeMs),
          trustAnchor: underItsRoot,
          keyBindingOptional: true,
        },
      );
    };
    const check = async (names: readonly string[]) => {
      const { checks, claims } = await examined(names);
      expect([failedCheck(checks), claims?.attestation.unknownFields]).toEqual([undefined, names]);
      return checks.find(({ name }) => name === 'fields');
    };
    expect(await check([])).toEqual({ name: 'fields', state: 'passed' });
    const warning = { name: 'fields', state: 'warning', code: 'unknown_fields' };
    expect(await check(['added', '__proto__'])).toEqual({ ...warning, detail: '"added", "__proto__"' });
    const many = Array.from({ length: 10 }, (_each, at) => `${'n'.repeat(100)}${String(at)}`);
    const { detail } = (await check(many)) as { detail: string };
    expect(detail).toMatch(/ and 2 more$/);
    expect(detail.length).toBeLessThan(400);
  });

  it('reports the checks that the policy skips as not run, and gives no identity if the image is not compared', async () => {
    const { checks, claims, identity } = await examineEnclave(await evidenceOf({ configuration: null }), {
      ...policy,
      acceptedMeasurements: 'not_compared',
      freshness: { documentTakenFromCache: true },
    });
    expect(checks.filter(({ state }) => state === 'not_run')).toMatchObject([
      { name: 'nonce', code: 'nonce_not_compared' },
      { name: 'image', code: 'image_not_compared' },
      { name: 'operator', code: 'operator_not_compared' },
      { name: 'configuration', code: 'configuration_not_fetched' },
    ]);
    expect(claims?.keys).toMatchObject(bound);
    expect(identity).toBeUndefined();
  });

  it('gives no identity if the operator is not compared, and a warning if any operator is accepted', async () => {
    const { pcr0 } = developmentMeasurements;
    const examined = async (operator: 'any' | 'not_compared') => {
      const { checks, claims, identity } = await examineEnclave(await evidenceOf(), {
        ...policy,
        acceptedMeasurements: [{ pcr0, operator }],
      });
      expect(claims?.attestation.pcr3).toBe(developmentMeasurements.pcr3);
      return [checks.find(({ name }) => name === 'operator'), identity !== undefined];
    };
    expect(await examined('not_compared')).toEqual([
      { name: 'operator', state: 'not_run', code: 'operator_not_compared' },
      false,
    ]);
    expect(await examined('any')).toEqual([{ name: 'operator', state: 'warning', code: 'any_operator' }, true]);
    const uncompared = { ...policy, acceptedMeasurements: [{ pcr0, operator: 'not_compared' }] };
    await expect(verifyEnclave(await evidenceOf(), uncompared as unknown as EnclavePolicy)).rejects.toMatchObject({
      code: 'ERR_ATTESTATION_POLICY',
    });
  });

  it('refuses a parent without a role, unless any operator is accepted', async () => {
    await using unnamed = await temporaryFolder('unnamed');
    const pcrs = new Map([[3, new Uint8Array(48)]]);
    const transport = await createMockNsmTransport({ rootFolder: unnamed.path, pcrs });
    const document = await createNsm(transport).attest({ publicKey, nonce, userData: encodeKeyBinding(bound) });
    const under = { ...policy, trustAnchor: unsafeTrustAnchorFromPem(await developmentRootPem(unnamed.path)) };
    const { checks } = await examineEnclave({ document }, under);
    expect(states(checks)).toEqual(statesWhere('operator'));
    expect(failedCheck(checks)?.code).toBe('ERR_ATTESTATION_OPERATOR_UNNAMED');
    const any = [{ pcr0: developmentMeasurements.pcr0, operator: 'any' }] as const;
    expect((await verifyEnclave({ document }, { ...under, acceptedMeasurements: any })).attestation).not.toHaveProperty(
      'pcr3',
    );
  });

  it('asks for the configuration by the attested hash, and continues if none is served', async () => {
    const asked: Uint8Array[] = [];
    const serving = (bytes: Uint8Array | undefined) => (hash: Uint8Array) => {
      asked.push(hash);
      return Promise.resolve(bytes);
    };
    const found = await verifyEnclave(await evidenceOf({ configuration: serving(served) }), policy);
    expect(found.configuration).toEqual(configuration);
    const without = await verifyEnclave(await evidenceOf({ configuration: serving(undefined) }), policy);
    expect(without).not.toHaveProperty('configuration');
    expect(asked).toEqual([bound.configSha256, bound.configSha256]);
  });

  it('accepts a document that binds no keys only if the policy allows this and lists no custody', async () => {
    const foreign = await evidenceOf({ fields: { userData: Uint8Array.of(1) } });
    const lenient = { ...policy, keyBindingOptional: true };
    const { checks, claims, identity } = await examineEnclave(foreign, lenient);
    expect(checks[CHECK_NAMES.indexOf('key_binding')]).toMatchObject({ state: 'warning', code: 'key_binding_absent' });
    expect(claims).not.toHaveProperty('keys');
    expect(identity).toBeUndefined();
    const strict = await examineEnclave(foreign, { ...lenient, acceptedCustody: [PROCESS_CUSTODY] });
    expect(failedCheck(strict.checks)?.code).toBe('key_binding_invalid');
    // A key binding with a wrong key id does not count as absent
    const mismatched = await evidenceOf({ binding: { keyId: new Uint8Array(16) } });
    expect(failedCheck((await examineEnclave(mismatched, lenient)).checks)?.code).toBe('key_id_mismatch');
  });

  it.each<[string, object]>([
    ['no measurements', { acceptedMeasurements: [] }],
    ['no operator', { acceptedMeasurements: [{ pcr0: OTHER }] }],
    ['an empty custody', { acceptedCustody: [] }],
    ['a custody that is no text', { acceptedCustody: [1] }],
    ['no freshness', { freshness: undefined }],
  ])('does not begin under a policy with %s', async (_name, change) => {
    await expect(
      examineEnclave(await evidenceOf(), { ...policy, ...change } as ExaminationPolicy),
    ).rejects.toMatchObject({ code: 'ERR_ATTESTATION_POLICY' });
  });

  it('never gives an identity to a document with a flipped bit', async () => {
    const { document } = await evidenceOf();
    for (let at = 0; at < document.length; at += 199) {
      const forged = document.with(at, (document[at] ?? 0) ^ 1);
      expect((await examineEnclave({ document: forged }, policy)).identity).toBeUndefined();
    }
  });
});

describe('the unverified claims of a document', () => {
  it('have keys only if the key id is the id of the sealing key', async () => {
    const { document } = await evidenceOf();
    expect(nodeEntry.readEnclave_unverified(document).keys).toMatchObject(bound);
    const mismatched = await evidenceOf({ binding: { keyId: new Uint8Array(16) } });
    expect(nodeEntry.readEnclave_unverified(mismatched.document)).not.toHaveProperty('keys');
  });
});
