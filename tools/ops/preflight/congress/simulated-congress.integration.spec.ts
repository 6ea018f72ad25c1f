import { startCongressSimulator, testAuthority, type CongressSimulator } from '@communique-tee/congress-simulator';
import { CHAMBER_KEYS, forEachChamber } from '@communique-tee/protocol';
import { lines, look } from '../testing/look';

let congress: CongressSimulator;
beforeAll(async () => {
  congress = await startCongressSimulator({});
});
afterAll(() => congress.stop());

/** Runs one check, with an enclave configuration that names both of the simulator's chambers. @returns the lines of the report */
function said(name: string, certificateAuthorities: string): Promise<string[]> {
  const ends = forEachChamber((chamber) => ({
    origin: congress[chamber].origin,
    apiKeySecret: `cwc-${chamber}`,
    certificateAuthorities,
    deduplicates: true,
  }));
  const routes = Object.values(ends).map(({ origin }, at) => ({
    host: 'localhost',
    port: Number(new URL(origin).port),
    vsockPort: 8001 + at,
  }));
  const configuration = { stack: 'prod', egress: { mode: 'vsock', routes }, services: { congress: ends } };
  return look(name, {
    files: { 'apps/enclave/config/prod.json': JSON.stringify(configuration) },
    ports: { lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) },
  }).then(lines);
}

it.each(CHAMBER_KEYS)(
  '%s passes for the simulator’s server, and fails if the configuration names another authority',
  async (chamber) => {
    const host = new URL(congress[chamber].origin).host;
    expect(await said(chamber, congress.certificateAuthorityPem)).toEqual([
      expect.stringMatching(`^pass: ${host} answers this machine’s address \\(\\d{3} to HEAD /, TLSv1\\.3\\)$`),
    ]);
    expect(await said(chamber, (await testAuthority()).certificatePem)).toEqual([
      expect.stringMatching(`^fail: ${host}: the enclave would not accept its certificate`),
    ]);
    expect(congress.received()).toEqual([]);
  },
);

it('enclave-config passes for the simulator’s servers', async () => {
  expect(await said('enclave-config', congress.certificateAuthorityPem)).toEqual([
    `pass: ${CHAMBER_KEYS.map((chamber) => new URL(congress[chamber].origin).host).join(', ')}`,
  ]);
});
