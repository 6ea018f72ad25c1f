import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { findInstanceType, SUPPORTED_TYPES, whyNotSupported } from './instance-types';

const dump = join(workspaceRoot(), '..', 'shared', 'vectors', 'aws', 'nitro-enclaves-support.json');
const whereDumpIs = existsSync(dump) ? describe : describe.skip;

whereDumpIs('the table against a DescribeInstanceTypes dump (skipped if ../shared is absent)', () => {
  const { types } = (existsSync(dump) ? JSON.parse(readFileSync(dump, 'utf8')) : { types: {} }) as {
    types: Record<
      string,
      { nitroEnclaves: string; arch: string[]; vcpus: number; threadsPerCore: number; memMiB: number }
    >;
  };

  it.each(SUPPORTED_TYPES.map((type) => [type.name, type] as const))('has AWS’s values of %s', (name, type) => {
    expect(types[name]).toEqual({
      nitroEnclaves: 'supported',
      arch: [type.architecture],
      vcpus: type.vcpus,
      threadsPerCore: type.threadsPerCore,
      memMiB: type.memoryMiB,
    });
  });

  it('has no type that AWS reports as unsupported', () => {
    for (const [name, { nitroEnclaves }] of Object.entries(types))
      if (nitroEnclaves !== 'supported') expect([name, findInstanceType(name)]).toEqual([name, undefined]);
  });
});

it.each([
  ['t4g.small', 'burstable'],
  ['c6g.medium', 'whole cores'],
  ['c6g.metal', 'bare metal'],
  ['c7gn.xlarge', 'does not offer'],
  ['c6i.large', 'one core'],
  ['z9.huge', 'not among'],
])('does not support %s, and says why', (name, reason) => {
  expect(findInstanceType(name)).toBeUndefined();
  expect(whyNotSupported(name)).toContain(reason);
});
