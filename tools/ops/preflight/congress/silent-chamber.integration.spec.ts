import { forEachChamber } from '@communique-tee/protocol';
import { startSilentPort } from '@communique-tee/testing/harness';
import { rootCertificates } from 'node:tls';
import { lines, look } from '../testing/look';
import { chamberCheck } from './check-chamber';

it('warns that this address is probably not on the list if no connection is made in time', async () => {
  await using silent = await startSilentPort();
  const origin = `https://cwc.communique.test:${String(silent.port)}`;
  const chamber = {
    origin,
    apiKeyReadableInImage: 'canary',
    certificateAuthorities: rootCertificates[0],
    deduplicates: false,
  };
  const configuration = {
    stack: 'prod',
    listen: 'vsock:5000',
    egress: { mode: 'vsock', routes: [] },
    services: { congress: forEachChamber(() => chamber) },
  };
  const found = await look('house', {
    files: { 'apps/enclave/config/prod.json': JSON.stringify(configuration) },
    ports: { lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) },
    checks: [chamberCheck('house', { silentAfterMs: 50 })],
  });
  expect(lines(found)).toEqual([
    expect.stringMatching(/^warn: .* takes no connection within 0.05 s: most likely this machine’s address is not on/),
  ]);
});
