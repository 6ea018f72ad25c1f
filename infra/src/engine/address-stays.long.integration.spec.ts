import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { stackConfig } from '../preview/stack-config';
import { SmallEngine, type Update } from './small-engine';

/** The addresses that the House has registered stay the same resources in every form of a stack. */

const root = workspaceRoot();
const folder = mkdtempSync(join(tmpdir(), 'communique-address-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pcr = (digit: string): string => digit.repeat(96);

function buildExample(): void {
  writeFileSync(join(folder, 'communique-tee.eif'), 'eif!');
  writeFileSync(join(folder, 'release.tar.gz'), gzipSync('a release'));
  writeFileSync(
    join(folder, 'measurements.json'),
    JSON.stringify({
      image: 'communique-tee.eif',
      version: '0.1.0',
      architecture: 'arm64',
      stack: 'prod',
      sizeBytes: 4,
      sha384: pcr('a'),
      hashAlgorithm: 'SHA384',
      pcr0: pcr('1'),
      pcr1: pcr('2'),
      pcr2: pcr('3'),
      commit: 'abc',
      custody: 'kms',
      routes: [{ host: 'uat-cwc.house.gov', port: 443, vsockPort: 8001 }],
    }),
  );
}
beforeAll(buildExample);

async function up(engine: SmallEngine, ...changes: string[]): Promise<Update> {
  const { values } = stackConfig(root, 'prod', [
    `imageFolder=${folder}`,
    `releaseFile=${join(folder, 'release.tar.gz')}`,
    'redisAuthToken=a-password-for-the-tests-alone',
    ...changes,
  ]);
  const update = await engine.update({ config: values });
  if (update.exitCode !== 0) throw new Error(`the program ended with ${String(update.exitCode)}: ${update.said}`);
  return update;
}

const addressesOf = (engine: SmallEngine): string[] =>
  engine.state.urns.filter((urn) => urn.includes('aws:ec2/eip:Eip')).sort();
const touched = ({ operations }: Update, type: string): string[] =>
  operations.filter((operation) => operation.type === type && operation.op !== 'same').map(({ op }) => op);
const EIP = 'aws:ec2/eip:Eip';
const NAT = 'aws:ec2/natGateway:NatGateway';

it.each([
  ['without a balancer', [], ['balancer=application']],
  ['with addresses for two zones', ['natPerZone=true'], ['balancer=network', 'natPerZone=true']],
])(
  'prod goes from one parent %s to two and back, with the same registered addresses',
  async (_what, one, two) => {
    const engine = new SmallEngine(root, 'prod', 'us-east-1');
    const first = await up(engine, ...one);
    const addresses = addressesOf(engine);
    const registered = first.outputs.addressForTheHouse;
    expect(addresses).toHaveLength(one.length === 0 ? 1 : 2);

    // The parent has the first address, and releases it while `pulumi up` looks.
    engine.addressAt = ['i-0123456789abcdef0', 'i-0123456789abcdef0', ''];
    const grown = await up(engine, 'instances=2', ...two);
    expect(engine.addressLooks).toBe(2 + addresses.length);
    expect(grown.outputs.addressForTheHouse).toBe(registered);
    expect(addressesOf(engine)).toEqual(addresses);
    expect(touched(grown, EIP)).toEqual(addresses.map(() => 'update'));
    expect(touched(grown, NAT)).toEqual(addresses.map(() => 'create'));
    // The tag tells the parent before the gateway is made, and the parent keeps its right to release until then.
    const nat = engine.state.urns.find((urn) => urn.includes(NAT)) ?? '';
    expect([...engine.state.needsOf(nat)]).toContain(addresses[0]);
    const rights =
      engine.state.urns.find((urn) => urn.includes('ParentPermissions$aws:iam/rolePolicy:RolePolicy')) ?? '';
    expect([...engine.state.needsOf(rights)]).toContain(nat);

    const shrunk = await up(engine, ...one);
    expect(shrunk.outputs.addressForTheHouse).toBe(registered);
    expect(addressesOf(engine)).toEqual(addresses);
    expect(touched(shrunk, NAT)).toEqual(addresses.map(() => 'delete'));
  },
  600_000,
);
