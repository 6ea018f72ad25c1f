import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { sealing } from '@communique-tee/crypto';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { PROCESS_CUSTODY, encodeKeyBinding, encodePublicConfiguration } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchEnclaveKey, type TrustPolicy } from '.';

const ALIAS = 'arn:aws:kms:us-east-1:111122223333:alias/communique';

const configuration = {
  version: 3 as const,
  stack: 'test',
  custody: PROCESS_CUSTODY,
  residence: { mode: 'off' as const },
  legacySuite: false,
  egress: [],
  services: {},
};

/** Each document is genuine. The client must check its claims, and whether it was made for this request. */
describe("an enclave's key", () => {
  const { publicKey } = sealing.generateKeyPair();
  const bound = {
    keyId: sealing.keyIdOf(publicKey),
    receiptKey: new Uint8Array(32).fill(1),
    custody: PROCESS_CUSTODY,
    configSha256: new Uint8Array(createHash('sha256').update(encodePublicConfiguration(configuration)).digest()),
  };
  let folder: TemporaryFolder;
  let nsm: Nsm;
  let server: Server;
  let gateway: string;
  let policy: TrustPolicy;
  let answer: (nonce: Uint8Array) => Promise<Uint8Array>;
  /** The served public configuration; null for a 404. */
  let served: Uint8Array | string | null;
  let askedFor: string | null;
  beforeEach(() => {
    served = null;
  });

  beforeAll(async () => {
    folder = await temporaryFolder('enclave-key');
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
    policy = {
      acceptedMeasurements: [developmentMeasurements],
      trustAnchor: unsafeTrustAnchorFromPem(await developmentRootPem(folder.path)),
    };
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      if (url.pathname === '/attestation/configuration') {
        askedFor = url.searchParams.get('sha256');
        response.writeHead(served === null ? 404 : 200).end(served ?? '');
        return;
      }
      const nonce = url.searchParams.get('nonce') ?? '';
      void answer(Buffer.from(nonce, 'hex')).then((document) => response.end(document));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    gateway = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await nsm.close();
    await folder.remove();
  });
  const saying = (binding: Partial<typeof bound>) => (nonce: Uint8Array) =>
    nsm.attest({ nonce, publicKey, userData: encodeKeyBinding({ ...bound, ...binding }) });

  it('is taken from a document that was made for the client’s nonce', async () => {
    answer = saying({});
    expect(await fetchEnclaveKey(gateway, policy)).toMatchObject(bound);
  });

  it('is not taken from a document made for another nonce, or for none', async () => {
    answer = () => saying({})(new Uint8Array(32));
    await expect(fetchEnclaveKey(gateway, policy)).rejects.toMatchObject({ name: 'AttestationError' });
    answer = () => nsm.attest({ publicKey, userData: encodeKeyBinding(bound) });
    await expect(fetchEnclaveKey(gateway, policy)).rejects.toMatchObject({ name: 'AttestationError' });
  });

  it('is not taken if the document’s key binding names another key, is missing or is malformed', async () => {
    for (const document of [
      saying({ keyId: new Uint8Array(16) }),
      (nonce: Uint8Array) => nsm.attest({ nonce, publicKey }),
      (nonce: Uint8Array) => nsm.attest({ nonce, userData: encodeKeyBinding(bound) }),
      (nonce: Uint8Array) => nsm.attest({ nonce, publicKey, userData: Uint8Array.of(0xa0) }),
    ]) {
      answer = document;
      await expect(fetchEnclaveKey(gateway, policy)).rejects.toMatchObject({ code: 'key_binding_invalid' });
    }
  });

  it('includes the public configuration, which the client requests by its attested hash', async () => {
    answer = saying({});
    expect(await fetchEnclaveKey(gateway, policy)).not.toHaveProperty('configuration');
    expect(askedFor).toBe(Buffer.from(bound.configSha256).toString('hex'));
    served = encodePublicConfiguration(configuration);
    expect(await fetchEnclaveKey(gateway, policy)).toMatchObject({ configuration });
  });

  it.each([
    ['another configuration', encodePublicConfiguration({ ...configuration, stack: 'other' })],
    ['a text of 100,000 bytes', 'x'.repeat(100_000)],
  ])('is not taken if the gateway serves %s under the attested hash', async (_, bytes) => {
    answer = saying({});
    served = bytes;
    await expect(fetchEnclaveKey(gateway, policy)).rejects.toMatchObject({ code: 'configuration_refused' });
  });

  it('is taken with any attested custody, unless the policy lists the custodies to accept', async () => {
    answer = saying({ custody: ALIAS });
    expect(await fetchEnclaveKey(gateway, policy)).toMatchObject({ custody: ALIAS });
    await expect(fetchEnclaveKey(gateway, { ...policy, acceptedCustody: [PROCESS_CUSTODY] })).rejects.toMatchObject({
      code: 'custody_refused',
    });
    await expect(fetchEnclaveKey(gateway, { ...policy, acceptedCustody: [`${ALIAS}-2`] })).rejects.toMatchObject({
      code: 'custody_refused',
    });
    expect(await fetchEnclaveKey(gateway, { ...policy, acceptedCustody: [ALIAS] })).toMatchObject({ custody: ALIAS });
  });

  it('is taken with any attested residence settings, unless the policy lists the settings to accept', async () => {
    const keys = [`registrar+00000000+${'A'.repeat(44)}`];
    const residence = { mode: 'required', registrar: 'registrar', keys, maxCampaignDays: 90 } as const;
    const proven = { ...configuration, residence: { ...residence, verificationKeySha256: '0'.repeat(64) } };
    const demand = (acceptedResidence: TrustPolicy['acceptedResidence']) =>
      fetchEnclaveKey(gateway, { ...policy, ...(acceptedResidence && { acceptedResidence }) }).then(
        () => 'taken',
        (error: unknown) => (error as { code: string; reason: string }).reason,
      );
    for (const [attested, own] of [
      [configuration, ['taken', 'other_mode', 'other_mode', 'taken']],
      [proven, ['taken', 'taken', 'other_registrar', 'other_mode']],
    ] as const) {
      served = encodePublicConfiguration(attested);
      const configSha256 = new Uint8Array(createHash('sha256').update(served).digest());
      answer = saying({ configSha256 });
      expect([
        await demand(undefined),
        await demand({ modes: ['optional', 'required'], registrar: 'registrar' }),
        await demand({ modes: ['required'], registrar: 'other' }),
        await demand({ modes: ['off'] }),
      ]).toEqual(own);
      served = null;
      expect(await demand({ modes: ['off', 'optional', 'required'] })).toBe('configuration_missing');
    }
  });
});
