import { CHAMBER_KEYS, decodePublicConfiguration } from '@communique-tee/protocol';
import { startEnclaveFixture, type EnclaveFixture } from '../testing/enclave-fixture';

describe('the public configuration of an enclave', () => {
  let fixture: EnclaveFixture;
  beforeAll(async () => {
    fixture = await startEnclaveFixture({ legacySuite: true });
  });
  afterAll(() => fixture.stop());
  const served = async () => {
    const response = await fetch(`${fixture.url}/attestation/configuration`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    return new Uint8Array(await response.arrayBuffer());
  };

  it('has the hash that the attestation documents carry', async () => {
    const { configuration } = await fixture.key();
    expect(configuration).toEqual(decodePublicConfiguration(await served()));
    expect(configuration).toMatchObject({ custody: 'process', legacySuite: true });
  });

  it('names the chambers and every host that the enclave can connect to', async () => {
    const { egress, services } = decodePublicConfiguration(await served());
    const origins = CHAMBER_KEYS.map((chamber) => fixture.congress[chamber].origin);
    expect(CHAMBER_KEYS.map((chamber) => services.congress?.[chamber].origin)).toEqual(origins);
    expect(egress).toEqual([...new Set(origins.map((origin) => new URL(origin).host))].sort());
  });

  it('contains no API key and no certificate', async () => {
    const text = Buffer.from(await served()).toString();
    for (const chamber of CHAMBER_KEYS) expect(text).not.toContain(fixture.congress[chamber].apiKey);
    expect(text).not.toMatch(/apiKey|CERTIFICATE|secret/i);
  });
});
