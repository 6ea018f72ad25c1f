import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { parseConfiguration } from '../configuration/configuration';
import { createLog } from '../runtime/log';
import { startEnclave } from '../start';
import { startEnclaveFixture } from '../testing/enclave-fixture';
import { SERVICES, servicesSchema } from './registry';

const WITHOUT_SERVICES = { stack: 'test', listen: 'tcp:127.0.0.1:0', egress: { mode: 'direct' }, services: {} };

describe('a service that the configuration does not name', () => {
  it('is off: every path of the image answers service_off, and the enclave still attests', async () => {
    const folder = await temporaryFolder('services');
    const enclave = await startEnclave(
      parseConfiguration(WITHOUT_SERVICES),
      await createMockNsmTransport({ rootFolder: folder.path }),
      { log: createLog(() => undefined) },
    );
    try {
      const url = enclave.address.replace('tcp:', 'http://');
      for (const { path } of Object.values(SERVICES)) {
        const answer = await fetch(`${url}/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/cbor' },
          body: Uint8Array.of(0xa0),
        });
        expect([answer.status, await answer.json()]).toEqual([404, expect.objectContaining({ code: 'service_off' })]);
      }
      const unknown = await fetch(`${url}/nothing`, { method: 'POST' });
      expect([unknown.status, await unknown.json()]).toEqual([404, expect.objectContaining({ code: 'not_found' })]);
      expect((await fetch(`${url}/attestation`)).status).toBe(200);
    } finally {
      await enclave.close();
      await folder.remove();
    }
  });
});

describe('a service that the configuration names', () => {
  it('is on: its path reads a request, and refuses a malformed one', async () => {
    const { url, stop } = await startEnclaveFixture();
    try {
      const answer = await fetch(`${url}/${SERVICES.congress.path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: Uint8Array.of(0xa0),
      });
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: 'malformed_body' })]);
    } finally {
      await stop();
    }
  });
});

describe('the configuration of services', () => {
  it('refuses a service without its settings', () => {
    expect(servicesSchema.safeParse({ agents: {} }).success).toBe(false);
  });

  it('must be present, even if it names no service', () => {
    const { services: _none, ...without } = WITHOUT_SERVICES;
    expect(() => parseConfiguration(without)).toThrow('services');
  });

  it('gives each service a different path', () => {
    const paths = Object.values(SERVICES).map(({ path }) => path);
    expect(new Set([...paths, 'keys', 'attestation', 'health']).size).toBe(paths.length + 3);
  });
});
