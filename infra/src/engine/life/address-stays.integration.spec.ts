import * as z from 'zod';
import { RUN_ON_ENGINE } from '../keys/run-on-engine';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { RealEngine, type Ran } from '../testing/real-engine';

const EIP = 'aws:ec2/eip:Eip';
const NAT = 'aws:ec2/natGateway:NatGateway';

const exported = z.object({
  deployment: z.object({
    resources: z.array(z.object({ urn: z.string(), dependencies: z.array(z.string()).default([]) })),
  }),
});

/** The URNs of all resources on which the first matching resource depends, directly or indirectly. */
async function needsOf(engine: RealEngine, isMeant: (urn: string) => boolean): Promise<string[]> {
  const { output } = await engine.succeed(['stack', 'export', '--stack', 'prod']);
  const { resources } = exported.parse(JSON.parse(output)).deployment;
  const found = new Set<string>();
  const need = (urn: string): void => {
    for (const dependency of resources.find((each) => each.urn === urn)?.dependencies ?? [])
      if (!found.has(dependency)) need((found.add(dependency), dependency));
  };
  need(resources.find(({ urn }) => isMeant(urn))?.urn ?? '');
  return [...found];
}

const touched = ({ steps }: Ran, type: string): string[] =>
  steps.filter((step) => step.type === type && step.op !== 'same').map(({ op }) => op);

/** The registered addresses must stay the same resources in every form of the stack. */
describeWithPulumi('prod, whose addresses the House has registered', (cli) => {
  const registered = async (engine: RealEngine): Promise<unknown> =>
    JSON.parse((await engine.succeed(['stack', 'output', 'addressForTheHouse', '--stack', 'prod', '--json'])).output);

  it.each([
    ['without a balancer', {}, { balancer: 'application' }],
    ['with addresses for two zones', { natPerZone: true }, { balancer: 'network' }],
  ])('changes from one parent %s to two and back, and keeps the same addresses', async (_what, one, two) => {
    await using engine = await RealEngine.start(cli);
    await engine.createStack('prod', one);
    await engine.up('prod');
    const addresses = engine.world.ofType(EIP).map(({ id }) => id);
    const address = await registered(engine);
    expect(addresses).toHaveLength('natPerZone' in one ? 2 : 1);

    // The parent has the first address, and releases it while `pulumi up` waits.
    engine.provider.addressAt = ['i-0123456789abcdef0', ''];
    engine.provider.addressLooks = 0;
    engine.configure('prod', { instances: 2, maxInstances: 4, ...two });
    const grown = await engine.up('prod');
    expect(engine.provider.addressLooks).toBe(1 + addresses.length);
    expect(await registered(engine)).toEqual(address);
    expect(engine.world.ofType(EIP).map(({ id }) => id)).toEqual(expect.arrayContaining(addresses));
    expect(engine.world.ofType(EIP)).toHaveLength(addresses.length);
    expect(touched(grown, EIP)).toEqual(addresses.map(() => 'update'));
    expect(touched(grown, NAT)).toEqual(addresses.map(() => 'create'));
    // The tag changes before the NAT gateway is made, and until then the parent keeps its right to release the address.
    expect(await needsOf(engine, (urn) => urn.includes(NAT))).toContainEqual(expect.stringContaining(EIP));
    const rights = await needsOf(engine, (urn) => urn.includes('ParentPermissions$aws:iam/rolePolicy:RolePolicy'));
    expect(rights).toContainEqual(expect.stringContaining(NAT));

    engine.configure('prod', { instances: undefined, maxInstances: undefined, balancer: undefined });
    const shrunk = await engine.up('prod');
    expect(await registered(engine)).toEqual(address);
    expect(engine.world.ofType(EIP)).toHaveLength(addresses.length);
    expect(touched(shrunk, NAT)).toEqual(addresses.map(() => 'delete'));
    await engine.up('prod', '--expect-no-changes');
    expect(engine.changedKeys).toEqual(RUN_ON_ENGINE['address-stays']);
  });
});
