import { startCongressSimulator, type CongressSimulator } from '@communique-tee/congress-simulator';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { connect } from '@communique-tee/vsock';
import { httpsPost } from '@communique-tee/enclave/services/congress/cwc/congress';
import {
  createEgress,
  egressConfigSchema,
  withParentCid,
  type ConnectVsock,
  type Egress,
} from '@communique-tee/enclave/egress';
import { createLog } from '@communique-tee/parent/log';
import { startEgressProxy, type EgressProxy } from '@communique-tee/parent/egress/egress-proxy';
import { parseEgressSettings } from '@communique-tee/parent/egress/egress-settings';

/**
 * Connects the enclave's egress code, from routes to TLS, through the parent's egress proxy to the Congress simulator. Only vsock is
 * replaced, as in the emulator: a connection of the enclave to CID 2, port N, arrives at the unix socket `<path>_N`.
 */
describe('the enclave behind the egress proxy', () => {
  let folder: TemporaryFolder;
  let congress: CongressSimulator;
  let proxy: EgressProxy;
  let egress: Egress;
  const house = () => ({ host: 'localhost', port: Number(new URL(congress.house.origin).port) });
  const senate = () => ({ host: 'localhost', port: Number(new URL(congress.senate.origin).port) });

  beforeAll(async () => {
    folder = await temporaryFolder();
    congress = await startCongressSimulator();
    const uds = folder.file('vm.vsock');
    const device: ConnectVsock = (address, options) =>
      address.kind === 'vsock' && address.cid === 2
        ? connect({ kind: 'unix', path: `${uds}_${String(address.port)}` }, options)
        : Promise.reject(Object.assign(new Error('dropped'), { code: 'ETIMEDOUT' }));
    const parsed = parseEgressSettings(['--route', `hybrid:${uds}:8001=localhost:${String(house().port)}`]);
    if (!parsed.ok) throw new Error(parsed.problems.join());
    proxy = await startEgressProxy(
      parsed.settings,
      createLog('egress-proxy', () => undefined),
    );
    const measured = egressConfigSchema.parse({
      mode: 'vsock',
      routes: [
        { ...house(), vsockPort: 8001 },
        { ...senate(), vsockPort: 8002 },
      ],
    });
    egress = createEgress(withParentCid(measured, 2), [house(), senate()], device);
  });
  afterAll(async () => {
    await proxy.close(0);
    await congress.stop();
    await folder.remove();
  });

  const post = (
    origin: string,
    authority = congress.certificateAuthorityPem,
    body: Uint8Array = new TextEncoder().encode('<x/>'),
  ) =>
    httpsPost(egress, {
      destination: 'house',
      origin,
      target: `/v2/validate?apikey=${congress.house.apiKey}`,
      authorities: [authority],
      clock: { nowMs: () => Date.now() },
      contentType: 'application/xml',
      body,
      timeoutMs: 120_000,
      signal: undefined,
    });

  it('speaks TLS with Congress through the proxy', async () => {
    expect((await post(congress.house.origin)).status).toBe(400); // the chamber read the request, which is not a CWC message
    expect(await proxy.metrics.registry.metrics()).toMatch(/connections_total\{destination="localhost:[0-9]+"\} 1/);
  });

  it('speaks TLS over 100 connections at once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(congress.house.origin)));
    expect(answers.filter(({ status }) => status !== 400)).toEqual([]);
  }, 180_000);

  it('reaches only destinations that the proxy listens for, even if the enclave has other routes', async () => {
    await expect(post(congress.senate.origin)).rejects.toMatchObject({ reason: 'unreachable', sent: false });
  });

  it('refuses another server behind the proxy, because TLS ends in the enclave', async () => {
    const other = await startCongressSimulator();
    const uds = folder.file('evil.vsock');
    const parsed = parseEgressSettings(['--route', `hybrid:${uds}:8001=localhost:${new URL(other.house.origin).port}`]);
    if (!parsed.ok) throw new Error(parsed.problems.join());
    const evil = await startEgressProxy(
      parsed.settings,
      createLog('egress-proxy', () => undefined),
    );
    try {
      const measured = egressConfigSchema.parse({ mode: 'vsock', routes: [{ ...house(), vsockPort: 8001 }] });
      const deceived = createEgress(measured, [house()], (_address, options) =>
        connect({ kind: 'unix', path: `${uds}_8001` }, options),
      );
      const request = {
        destination: 'house' as const,
        origin: congress.house.origin,
        target: '/',
        authorities: [congress.certificateAuthorityPem],
        clock: { nowMs: () => Date.now() },
        contentType: 'application/xml',
        body: new Uint8Array(1),
        timeoutMs: 20_000,
        signal: undefined,
      };
      await expect(httpsPost(deceived, request)).rejects.toMatchObject({ reason: 'certificate_refused', sent: false });
    } finally {
      await evil.close(0);
      await other.stop();
    }
  });
});
