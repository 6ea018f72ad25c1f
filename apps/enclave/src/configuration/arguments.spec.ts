import { temporaryFolder } from '@communique-tee/testing/harness';
import { writeFileSync } from 'node:fs';
import { egressConfigSchema, withParentCid } from '../egress';
import { parseArguments, readParentCid } from './arguments';
import { ConfigurationError } from '../runtime/configuration-file';

describe('parseArguments', () => {
  it.each([
    [[], {}],
    [['/etc/x.json'], { configurationFile: '/etc/x.json' }],
    [['--parent-cid=2'], { parentCid: 2 }],
    [['--parent-cid', '3', '/etc/x.json'], { configurationFile: '/etc/x.json', parentCid: 3 }],
  ])('reads %j', (args, expected) => {
    expect(parseArguments(args)).toEqual(expected);
  });

  it.each([
    [['--parent-cid=4']],
    [['--parent-cid=0']],
    [['--parent-cid=02']],
    [['--parent-cid= 2']],
    [['--parent-cid=4294967295']],
    [['--parent-cid=']],
    [['--parent-cid']],
    [['--parent-cid=2', '--parent-cid=3']],
    [['--listen=tcp:0.0.0.0:1']],
    [['a', 'b']],
  ])('refuses %j', (args) => {
    expect(() => parseArguments(args)).toThrow(ConfigurationError);
  });
});

describe("the parent's context id", () => {
  const routes = [{ host: 'cwc.house.gov', port: 443, vsockPort: 8001 }];
  const measured = egressConfigSchema.parse({ mode: 'vsock', routes });

  it('is the value that init wrote, either 2 or 3', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('parent-cid');
    expect(readParentCid(file)).toBeUndefined();
    for (const [text, cid] of [
      ['2\n', 2],
      ['3\n', 3],
    ] as const) {
      writeFileSync(file, text);
      expect(readParentCid(file)).toBe(cid);
    }
    for (const text of ['', '2', '4\n', '16\n', '2\n\n', ' 2\n', '2\n3\n']) {
      writeFileSync(file, text);
      expect(() => readParentCid(file)).toThrow(ConfigurationError);
    }
    expect(() => readParentCid(folder.path)).toThrow(ConfigurationError);
  });

  it('comes from the measured configuration unless the arguments name another', () => {
    expect(withParentCid(measured, undefined)).toEqual({ mode: 'vsock', parentCid: 3, routes });
  });

  it('is the only part of the egress configuration that the arguments change', () => {
    expect(withParentCid(measured, 2)).toEqual({ mode: 'vsock', parentCid: 2, routes });
    expect(withParentCid({ mode: 'direct' }, 2)).toEqual({ mode: 'direct' });
  });
});
