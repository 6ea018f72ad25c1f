import { testAuthority } from '@communique-tee/congress-simulator';
import { enclaveHealthSchema, type EnclaveHealth } from '@communique-tee/protocol';
import { startEnclaveFixture, prepare, type EnclaveFixture, type FixtureOptions } from '../testing/enclave-fixture';
import { Sender } from '../testing/sender';

const PUBLISH_EVERY_MS = 20;
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

let fixture: EnclaveFixture;
const start = async (options: FixtureOptions = {}) => {
  fixture = await startEnclaveFixture({ publishEveryMs: PUBLISH_EVERY_MS, ...options });
};
afterEach(() => fixture.stop());

const health = async () => {
  const response = await fetch(`${fixture.url}/health`);
  expect(response.status).toBe(200);
  return enclaveHealthSchema.parse(await response.json());
};
/** Polls `/health` and returns the first answer that meets the condition. */
const healthOnce = async (fits: (health: EnclaveHealth) => boolean) => {
  for (;;) {
    const now = await health();
    if (fits(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, PUBLISH_EVERY_MS));
  }
};
/** The mock NSM takes some time to answer, so the drift may differ by seconds. */
const expectDrift = (driftMs: number, wantedMs: number) => {
  expect(driftMs).toBeGreaterThan(wantedMs - 10_000);
  expect(driftMs).toBeLessThan(wantedMs + 10_000);
};
const driftLines = () => fixture.log.filter((line) => line.includes('"event":"clock_drift"'));

it('reports healthy before any connection, while the machine’s clock is right', async () => {
  await start();
  const { clockDriftMs, ...rest } = await health();
  expect(rest).toMatchObject({ healthy: true, reasons: [], connections: { certificatesRefused: [] } });
  expectDrift(clockDriftMs, 0);
  expect(driftLines()).toEqual([]);
});

it('reports healthy and logs a warning while the machine’s clock is 30 s off the attested time', async () => {
  await start({ now: () => Date.now() - 30_000 });
  const { clockDriftMs, ...rest } = await health();
  expect(rest).toMatchObject({ healthy: true, reasons: [] });
  expectDrift(clockDriftMs, -30_000);
  expect(driftLines()).toEqual([expect.stringContaining('"level":"warn"')]);
});

it.each([
  ['100 s behind', 100_000],
  ['100 s ahead of', -100_000],
  ['decades ahead of', -56 * YEAR_MS],
])(
  'reports clock_drift and logs an error while the machine’s clock is %s the attested time',
  async (_how, offsetMs) => {
    await start({ now: () => Date.now() + offsetMs });
    const { clockDriftMs, ...rest } = await health();
    expect(rest).toMatchObject({ healthy: false, reasons: ['clock_drift'] });
    expectDrift(clockDriftMs, offsetMs);
    expect(driftLines()).toEqual([expect.stringContaining('"level":"error"')]);
  },
);

it('reports both reasons while no certificate is valid by the attested time, and healthy again with the right time', async () => {
  const time = { offsetMs: -12 * HOUR_MS };
  const now = () => Date.now() + time.offsetMs;
  const certificate = { notBefore: new Date(Date.now() - 10 * HOUR_MS), notAfter: new Date(Date.now() + HOUR_MS) };
  await start({ now, congress: { certificate } });
  const sender = new Sender(fixture.trustAnchor, now);
  const relayed = async () => (await sender.relayed(fixture.url, await sender.prepare(fixture.url, {}, 600))).opened;
  expect((await relayed()).offices.map(({ reason }) => reason)).toEqual(Array(3).fill('certificate_refused'));
  expect(fixture.congress.received()).toEqual([]);
  expect(await healthOnce(({ reasons }) => reasons.length === 2)).toMatchObject({
    healthy: false,
    reasons: ['clock_drift', 'every_certificate_refused'],
    connections: {
      totals: { house: { certificate_refused: 1, connected: 0 }, senate: { certificate_refused: 2, connected: 0 } },
      certificatesRefused: ['house', 'senate'],
    },
  });

  time.offsetMs = 0;
  expect((await relayed()).offices.map(({ outcome }) => outcome)).toEqual(Array(3).fill('accepted'));
  expect(await healthOnce(({ healthy }) => healthy)).toMatchObject({
    reasons: [],
    connections: { totals: { house: { connected: 1 }, senate: { connected: 2 } }, certificatesRefused: [] },
  });
});

it('reports every_certificate_refused while every certificate of one chamber is refused', async () => {
  const { certificatePem } = await testAuthority();
  await start({ certificateAuthorityPem: certificatePem });
  await fixture.relayed(await prepare(fixture, { offices: ['HCA12'] }));
  expect(await healthOnce(({ healthy }) => !healthy)).toMatchObject({
    reasons: ['every_certificate_refused'],
    connections: { certificatesRefused: ['house'] },
  });
});

it('reports healthy while connections fail for other reasons, and counts them', async () => {
  await start({ timeoutMs: 500 });
  await fixture.congress.stop();
  await fixture.relayed(await prepare(fixture));
  expect(await healthOnce(({ connections }) => connections.totals.senate.unreachable > 0)).toMatchObject({
    healthy: true,
    reasons: [],
    connections: { totals: { house: { unreachable: 1 }, senate: { unreachable: 2 } }, certificatesRefused: [] },
  });
});
