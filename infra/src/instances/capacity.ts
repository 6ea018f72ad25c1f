import {
  findInstanceType,
  SUPPORTED_TYPES,
  whyNotSupported,
  type Architecture,
  type InstanceType,
} from './instance-types';

/** Memory of the parent without the enclave: system, gateway and nginx. */
export const PARENT_MEMORY_MIB = 2048;
/** Added if PostgreSQL or Redis runs on the parent. */
export const PARENT_STORE_MEMORY_MIB = 512;
/** The least memory that Nitro allows for an enclave. */
export const SMALLEST_ENCLAVE_MIB = 64;
/** nitro-cli refuses an enclave with less memory than four times the size of its image. */
export const MEMORY_PER_IMAGE = 4;
const MIB = 1024 * 1024;

export interface CapacitySettings {
  instanceType: string;
  enclaveCpuCount: number;
  enclaveMemoryMiB: number;
  /** Whether PostgreSQL or Redis runs on the parent. */
  storesOnParent: boolean;
  /** The image's architecture and size; absent if no image is built yet. */
  image?: { architecture: Architecture; sizeBytes: number };
}

/** The Nitro driver never gives CPU 0 and its siblings to an enclave. */
export const mostEnclaveCpus = (type: InstanceType): number => type.vcpus - type.threadsPerCore;

export const mostEnclaveMemoryMiB = (type: InstanceType, storesOnParent: boolean): number =>
  type.memoryMiB - PARENT_MEMORY_MIB - (storesOnParent ? PARENT_STORE_MEMORY_MIB : 0);

export const leastEnclaveMemoryMiB = (imageSizeBytes: number): number =>
  Math.max(SMALLEST_ENCLAVE_MIB, 2 * Math.ceil((MEMORY_PER_IMAGE * imageSizeBytes) / MIB / 2));

/** 2 vCPUs and 3072 MiB, or less on a small instance type. */
export function defaultCapacity(instanceType: string | undefined): {
  enclaveCpuCount: number;
  enclaveMemoryMiB: number;
} {
  const type = instanceType === undefined ? undefined : findInstanceType(instanceType);
  return {
    enclaveCpuCount: type && mostEnclaveCpus(type) < 2 ? 1 : 2,
    enclaveMemoryMiB: type && type.memoryMiB < 8192 ? 1024 : 3072,
  };
}

/** @returns the problems, each with its reason and the nearest choice that works */
export function checkCapacity(settings: CapacitySettings): string[] {
  const problems: string[] = [];
  const { enclaveMemoryMiB: memoryMiB, enclaveCpuCount: cpus, image } = settings;
  const type = findInstanceType(settings.instanceType);
  const nearest = nearestType(settings);

  if (memoryMiB < SMALLEST_ENCLAVE_MIB)
    problems.push(
      `enclaveMemoryMiB ${memoryMiB}: an enclave has at least ${SMALLEST_ENCLAVE_MIB} MiB; take ${leastEnclaveMemoryMiB(image?.sizeBytes ?? 0)}`,
    );
  else if (memoryMiB % 2 !== 0)
    problems.push(`enclaveMemoryMiB ${memoryMiB}: memory is given in huge pages of 2 MiB; take ${memoryMiB + 1}`);
  if (image && memoryMiB >= SMALLEST_ENCLAVE_MIB && memoryMiB < leastEnclaveMemoryMiB(image.sizeBytes)) {
    const wanted = leastEnclaveMemoryMiB(image.sizeBytes);
    problems.push(
      `enclaveMemoryMiB ${memoryMiB}: less than ${MEMORY_PER_IMAGE} times the image of ${(image.sizeBytes / MIB).toFixed(1)} MiB, which nitro-cli refuses; take ${wanted} or more`,
    );
  }

  if (!type) {
    problems.push(`instanceType ${whyNotSupported(settings.instanceType)}; ${nearest}`);
    return problems;
  }
  if (image && image.architecture !== type.architecture) {
    problems.push(
      `instanceType ${type.name} is ${type.architecture}, the image was built for ${image.architecture}; build it with --arch ${type.architecture}, or ${nearest}`,
    );
  }
  const mostCpus = mostEnclaveCpus(type);
  if (cpus % type.threadsPerCore !== 0) {
    problems.push(
      `enclaveCpuCount ${cpus}: ${type.name} gives whole cores of ${type.threadsPerCore} vCPUs; take ${Math.min(mostCpus, cpus + 1)}`,
    );
  }
  if (cpus > mostCpus) {
    problems.push(
      `enclaveCpuCount ${cpus}: ${type.name} has ${type.vcpus} vCPUs, and CPU 0 with its siblings stays with the parent, so at most ${mostCpus}; take enclaveCpuCount ${mostCpus}, or ${nearest}`,
    );
  }
  const mostMemory = mostEnclaveMemoryMiB(type, settings.storesOnParent);
  if (memoryMiB > mostMemory) {
    problems.push(
      `enclaveMemoryMiB ${memoryMiB}: ${type.name} has ${type.memoryMiB} MiB, of which the parent keeps ${type.memoryMiB - mostMemory}, so at most ${mostMemory}; take enclaveMemoryMiB ${mostMemory}, or ${nearest}`,
    );
  }
  return problems;
}

/** The smallest type that fits: in the same family, or else in any family of the architecture. */
function nearestType(settings: CapacitySettings): string {
  const known = findInstanceType(settings.instanceType);
  const architecture =
    settings.image?.architecture ??
    known?.architecture ??
    (/^[a-z]+\d+g/.test(settings.instanceType) ? 'arm64' : 'x86_64');
  const family = settings.instanceType.split('.')[0];
  const works = (type: InstanceType): boolean =>
    type.architecture === architecture &&
    mostEnclaveCpus(type) >= settings.enclaveCpuCount &&
    settings.enclaveCpuCount % type.threadsPerCore === 0 &&
    mostEnclaveMemoryMiB(type, settings.storesOnParent) >= settings.enclaveMemoryMiB;
  const bySize = [...SUPPORTED_TYPES].filter(works).sort((a, b) => a.vcpus - b.vcpus || a.memoryMiB - b.memoryMiB);
  const choice = bySize.find((type) => type.name.startsWith(`${family}.`)) ?? bySize[0];
  return choice ? `the nearest that works is ${choice.name}` : 'ask for less: no supported type can give that much';
}
