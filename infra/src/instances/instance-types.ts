/** Processor architectures, with the names of the image build's option --arch. */
export type Architecture = 'arm64' | 'x86_64';

export interface InstanceType {
  name: string;
  architecture: Architecture;
  vcpus: number;
  /** 1: each vCPU is a core. 2: each core is two vCPUs. An enclave gets whole cores. */
  threadsPerCore: 1 | 2;
  memoryMiB: number;
}

interface Family {
  architecture: Architecture;
  threadsPerCore: 1 | 2;
  memoryMiBPerVcpu: number;
  smallestVcpus: number;
}

const GRAVITON_SIZES = { threadsPerCore: 1, architecture: 'arm64', smallestVcpus: 2 } as const;
const TWO_THREAD_SIZES = { threadsPerCore: 2, architecture: 'x86_64', smallestVcpus: 4 } as const;

/**
 * The families that this project supports; AWS offers enclaves on more. There is no t4g, no .medium, no metal. x86 begins at 4 vCPUs,
 * because one whole core (2 vCPUs) stays with the parent. A test compares them with a dump of AWS's DescribeInstanceTypes.
 */
const FAMILIES: Readonly<Record<string, Family>> = {
  c6g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 2048 },
  c7g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 2048 },
  c8g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 2048 },
  c9g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 2048 },
  m6g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 4096 },
  m7g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 4096 },
  m8g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 4096 },
  m9g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 4096 },
  r6g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 8192 },
  r7g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 8192 },
  r8g: { ...GRAVITON_SIZES, memoryMiBPerVcpu: 8192 },
  c6i: { ...TWO_THREAD_SIZES, memoryMiBPerVcpu: 2048 },
  c6a: { ...TWO_THREAD_SIZES, memoryMiBPerVcpu: 2048 },
  c7i: { ...TWO_THREAD_SIZES, memoryMiBPerVcpu: 2048 },
  m6i: { ...TWO_THREAD_SIZES, memoryMiBPerVcpu: 4096 },
};

const SIZES = [
  { size: 'large', vcpus: 2 },
  { size: 'xlarge', vcpus: 4 },
  { size: '2xlarge', vcpus: 8 },
  { size: '4xlarge', vcpus: 16 },
];

/** All supported types: families in the order of the table, and within a family the smallest first. */
export const SUPPORTED_TYPES: readonly InstanceType[] = Object.entries(FAMILIES).flatMap(
  ([family, { architecture, threadsPerCore, memoryMiBPerVcpu, smallestVcpus }]) =>
    SIZES.filter(({ vcpus }) => vcpus >= smallestVcpus).map(({ size, vcpus }) => ({
      name: `${family}.${size}`,
      architecture,
      vcpus,
      threadsPerCore,
      memoryMiB: vcpus * memoryMiBPerVcpu,
    })),
);

export function findInstanceType(name: string): InstanceType | undefined {
  return SUPPORTED_TYPES.find((type) => type.name === name);
}

/** Why a type is not supported, for the operator. */
export function whyNotSupported(name: string): string {
  if (/^t\d/.test(name)) return `${name} cannot host an enclave: no burstable (t) type can`;
  if (/\.(nano|micro|small|medium)$/.test(name))
    return `${name} cannot host an enclave: the enclave and the parent each need whole cores, so take .large (Graviton) or .xlarge (x86) or larger`;
  if (/\.metal/.test(name)) return `${name} cannot host an enclave: bare metal has no Nitro hypervisor to divide it`;
  if (/^(a1|c7gn|g5g|im4gn|is4gen|hpc7g)\./.test(name))
    return `${name} cannot host an enclave: AWS does not offer enclaves on this family`;
  if (/^[a-z]+\d+(i|a|in|an|n|d)?\.large$/.test(name))
    return `${name} cannot host an enclave: its 2 vCPUs are one core, which stays with the parent`;
  return `${name} is not among the instance types that this project knows`;
}

/** Amazon's public parameters with the id of the newest image of Amazon Linux 2023. */
export const AMAZON_LINUX: Readonly<Record<Architecture, string>> = {
  arm64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
  x86_64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64',
};
