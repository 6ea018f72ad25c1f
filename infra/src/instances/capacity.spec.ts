import { checkCapacity, type CapacitySettings } from './capacity';

const works: CapacitySettings = {
  instanceType: 'c6g.xlarge',
  enclaveCpuCount: 2,
  enclaveMemoryMiB: 3072,
  storesOnParent: false,
  image: { architecture: 'arm64', sizeBytes: 50_910_014 },
};
const problemsWith = (changed: Partial<CapacitySettings>) => checkCapacity({ ...works, ...changed });

it("accepts production's default, and a c6g.large with one vCPU for the enclave", () => {
  expect(problemsWith({})).toEqual([]);
  expect(problemsWith({ instanceType: 'c6g.large', enclaveCpuCount: 1, enclaveMemoryMiB: 2048 })).toEqual([]);
});

it.each<[string, Partial<CapacitySettings>, RegExp]>([
  ['a t4g', { instanceType: 't4g.small' }, /burstable.*nearest that works is c6g\.xlarge/],
  [
    '2 vCPUs of a c6g.large',
    { instanceType: 'c6g.large', enclaveMemoryMiB: 1024 },
    /at most 1; take enclaveCpuCount 1, or the nearest that works is c6g\.xlarge/,
  ],
  ['4 vCPUs of a c7g.xlarge', { instanceType: 'c7g.xlarge', enclaveCpuCount: 4 }, /at most 3.*c7g\.2xlarge/],
  [
    'more memory than the type has',
    { enclaveMemoryMiB: 8192 },
    /at most 6144; take enclaveMemoryMiB 6144, or the nearest that works is c6g\.2xlarge/,
  ],
  ['memory that the parent needs for its PostgreSQL', { enclaveMemoryMiB: 6144, storesOnParent: true }, /at most 5632/],
  ['an odd number of MiB', { enclaveMemoryMiB: 3071 }, /huge pages of 2 MiB; take 3072/],
  [
    'less than 64 MiB',
    { enclaveMemoryMiB: 32, image: { architecture: 'arm64', sizeBytes: 1_000_000 } },
    /at least 64 MiB; take 64/,
  ],
  ['less than four times the image', { enclaveMemoryMiB: 192 }, /less than 4 times the image of 48\.6 MiB.*take 196/],
  [
    'an image of the other architecture',
    { image: { architecture: 'x86_64', sizeBytes: 50_910_014 } },
    /is arm64, the image was built for x86_64; build it with --arch arm64/,
  ],
  [
    'half a core',
    { instanceType: 'c6i.xlarge', enclaveCpuCount: 1, image: { architecture: 'x86_64', sizeBytes: 50_910_014 } },
    /whole cores of 2 vCPUs; take 2/,
  ],
  ['more CPUs than any supported type has', { enclaveCpuCount: 512 }, /ask for less/],
])('refuses %s, with the reason and the nearest choice', (_name, changed, words) => {
  const problems = problemsWith(changed);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(words);
});

it('reports all problems at once', () => {
  expect(problemsWith({ instanceType: 'c6g.large', enclaveCpuCount: 2, enclaveMemoryMiB: 4097 })).toHaveLength(3);
});
