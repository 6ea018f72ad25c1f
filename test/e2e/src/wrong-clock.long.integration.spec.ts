import { unsafeTrustAnchorFromPem, readAttestation_unverified } from '@communique-tee/attestation';
import { keyIdOf } from '@communique-tee/crypto';
import { parseConfiguration } from '@communique-tee/enclave/configuration/configuration';
import { createLog as createEnclaveLog } from '@communique-tee/enclave/runtime/log';
import { startEnclave } from '@communique-tee/enclave/start';
import { congressMessage } from '@communique-tee/enclave/testing/enclave-fixture';
import { Sender } from '@communique-tee/enclave/testing/sender';
import { startEgressProxy } from '@communique-tee/parent/egress/egress-proxy';
import { parseEgressSettings } from '@communique-tee/parent/egress/egress-settings';
import { createLog } from '@communique-tee/parent/log';
import { CHAMBER_KEYS, ENCLAVE_DESTINATIONS, encodeCongressMessage } from '@communique-tee/protocol';
import {
  HIGH_RATE_LIMITS,
  imageConfiguration,
  receivedBy,
  startSystem,
  type EnclaveProvider,
  type EnclaveSurroundings,
  type System,
} from '@communique-tee/test-system';
import { freePort, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { connect } from '@communique-tee/vsock';
import { join } from 'node:path';

const YEARS_56_MS = 56 * 365 * 24 * 3_600_000;
const PUBLISH_EVERY_MS = 100;

/**
 * By how much the NSM's time differs from the machine's clock. An enclave on a machine whose clock is in 1970 sees the same difference with
 * the other sign.
 */
const time = { offsetMs: 0 };
const attestedMs = () => Date.now() + time.offsetMs;

/** Starts the enclave in this process, behind the parent's egress proxy, with an NSM whose time a test can shift. */
async function enclaveOnTurnedNsm({ folder, congressFile }: EnclaveSurroundings): Promise<EnclaveProvider> {
  const rootFolder = join(folder, 'nsm');
  const vsock = join(folder, 'v');
  const { configuration, routes } = await imageConfiguration(congressFile);
  const settings = parseEgressSettings(
    routes.flatMap(({ vsockPort, destination }) => ['--route', `hybrid:${vsock}:${String(vsockPort)}=${destination}`]),
  );
  if (!settings.ok) throw new Error(settings.problems.join());
  const proxy = await startEgressProxy(
    settings.settings,
    createLog('egress-proxy', () => undefined),
  );
  const address = `tcp:127.0.0.1:${String(await freePort())}`;
  const rootPem = await developmentRootPem(rootFolder);
  return {
    address,
    rootPem,
    pcr0: developmentMeasurements.pcr0,
    pcr3: developmentMeasurements.pcr3,
    async start() {
      const nsm = await createMockNsmTransport({ rootFolder, now: attestedMs });
      const running = await startEnclave(parseConfiguration({ ...configuration, listen: address }), nsm, {
        log: createEnclaveLog(() => undefined),
        developmentRoot: unsafeTrustAnchorFromPem(rootPem),
        publishEveryMs: PUBLISH_EVERY_MS,
        connectVsock: (to, options) =>
          connect(to.kind === 'vsock' ? { kind: 'unix', path: `${vsock}_${String(to.port)}` } : to, options),
      });
      const stop = async () => {
        await running.close();
        return { code: null, signal: null };
      };
      return { stop, kill: stop };
    },
    stop: () => proxy.close(0),
  };
}

describe('an enclave whose machine’s clock is not the attested time', () => {
  let folder: TemporaryFolder;
  let system: System;
  let metricsPort: number;
  let enclaveUrl: string;

  beforeAll(async () => {
    folder = await temporaryFolder('wrong-clock');
    metricsPort = await freePort();
    system = await startSystem({
      folder: folder.path,
      enclave: enclaveOnTurnedNsm,
      gatewayEnvironment: {
        METRICS_PORT: String(metricsPort),
        ...HIGH_RATE_LIMITS,
      },
    });
    enclaveUrl = system.enclaveAddress.replace('tcp:', 'http://');
  }, 180_000);
  afterAll(async () => {
    await (system as System | undefined)?.stop();
    await folder.remove();
  });
  /** Requests an attestation document, for which the enclave asks the NSM, as it does by itself every minute. */
  const document = async () =>
    new Uint8Array(await (await fetch(`${enclaveUrl}/attestation?nonce=${'ab'.repeat(16)}`)).arrayBuffer());
  const operatorSees = async () => {
    const response = await fetch(`${system.gatewayUrl}/api/health/tee`);
    const { details } = (await response.json()) as { details: Record<string, Record<string, unknown>> };
    return { ...details['enclave'], http: response.status };
  };
  const ready = async () =>
    ((await (await fetch(`${system.gatewayUrl}/health/ready`)).json()) as { enclave: string }).enclave;
  const series = async (name: string) =>
    (await (await fetch(`http://127.0.0.1:${String(metricsPort)}/metrics`)).text())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`));
  const eventually = async <Value>(look: () => Promise<Value>, wanted: Value): Promise<void> => {
    for (let round = 0; round < 600; round++) {
      if (JSON.stringify(await look()) === JSON.stringify(wanted)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await look()).toEqual(wanted);
  };

  it('is healthy while clock and attested time agree', async () => {
    await eventually(ready, 'healthy');
    expect(await operatorSees()).toMatchObject({ http: 200, enclaves: [{ up: true, reasons: [] }] });
  }, 90_000);

  it('shows clock_drift to the operator while clock and attested time are 100 s apart, and no longer once they agree again', async () => {
    time.offsetMs = 100_000;
    await document();
    expect(await operatorSees()).toMatchObject({
      http: 503,
      code: 'clock_drift',
      enclaves: [{ up: false, reasons: ['clock_drift'] }],
    });
    await eventually(ready, 'clock_drift');
    const [drift] = await series('communique_enclave_clock_drift_seconds');
    // In seconds, with some room for the time that the mock NSM takes to answer
    const seconds = Number(drift?.split(' ')[1]);
    expect(seconds).toBeGreaterThan(90);
    expect(seconds).toBeLessThan(110);

    time.offsetMs = 0;
    await document();
    expect(await operatorSees()).toMatchObject({ enclaves: [{ up: true, reasons: [] }] });
  }, 180_000);

  it('shows two reasons to the operator when clock and attested time are decades apart, sends nothing, and counts the refusals', async () => {
    time.offsetMs = -YEARS_56_MS;
    await system.restart('enclave', 'stop');
    // The root is not valid in 1970, so this sender seals to the key without verifying the document
    const { publicKey } = readAttestation_unverified(await document());
    if (publicKey === undefined) throw new Error('the document has no key');
    const sender = new Sender(unsafeTrustAnchorFromPem(system.developmentRootPem), attestedMs);
    const prepared = sender.sealBytes(
      { publicKey, keyId: keyIdOf(publicKey) },
      encodeCongressMessage(congressMessage()),
      600,
    );
    expect(await sender.refusal(enclaveUrl, prepared)).toBe('200');
    await eventually(async () => JSON.stringify(await operatorSees()).includes('every_certificate_refused'), true);
    expect(await operatorSees()).toMatchObject({
      http: 503,
      code: 'clock_drift',
      enclaves: [{ up: false, reasons: ['clock_drift', 'every_certificate_refused'] }],
    });
    expect(await receivedBy(system.congress)).toEqual([]);
    await eventually(
      async () => (await series('communique_enclave_certificates_refused')).sort(),
      ENCLAVE_DESTINATIONS.map((to) => {
        const refused = (CHAMBER_KEYS as readonly string[]).includes(to) ? '1' : '0';
        return `communique_enclave_certificates_refused{enclave="0",destination="${to}"} ${refused}`;
      }).sort(),
    );
    expect((await series('communique_enclave_connections_total')).filter((line) => !line.endsWith(' 0'))).toEqual([
      'communique_enclave_connections_total{enclave="0",destination="house",outcome="certificate_refused"} 1',
      'communique_enclave_connections_total{enclave="0",destination="senate",outcome="certificate_refused"} 2',
    ]);
  }, 180_000);
});
