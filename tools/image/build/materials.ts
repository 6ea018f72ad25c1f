import type { LockedPackage } from '../debian-archive/lock';
import type { Material } from './bill-of-materials';
import { bundledPackages } from './bundled-packages';
import type { EnclaveBundle } from './enclave-bundle';
import type { Lockfile, NpmPackage } from './npm-package';

export interface ImageInputs {
  kernel: { source: readonly LockedPackage[]; sha256: string };
  init: { sha256: string; version: string };
  /** The packages with which init is compiled. One of them is the C library, which is linked into init. */
  musl: readonly LockedPackage[];
  node: NpmPackage;
  koffi: NpmPackage;
  libraries: readonly LockedPackage[];
  bundle: EnclaveBundle;
  bundleSha256: string;
  lockfile: Lockfile;
  version: string;
}

/** Returns the components that have bytes in the image. */
export function materialsOf(inputs: ImageInputs): Material[] {
  const ours = (name: string, sha256: string, description: string): Material => ({
    kind: 'application',
    name,
    version: inputs.version,
    license: 'Apache-2.0',
    hash: { algorithm: 'SHA-256', hex: sha256 },
    description,
  });
  return [
    ours('communique-tee-enclave', inputs.bundleSha256, 'app/main.js: the enclave, with the npm packages below in it'),
    ours('communique-tee-init', inputs.init.sha256, 'init: PID 1'),
    ...inputs.kernel.source.map((deb) =>
      debian(
        deb,
        'operating-system',
        `the kernel is built from its source; SHA-256 of what was built: ${inputs.kernel.sha256}`,
      ),
    ),
    ...inputs.musl.filter(({ name }) => name === 'musl-dev').map((deb) => debian(deb, 'library', 'linked into init')),
    ...inputs.libraries.map((deb) => debian(deb, 'library', 'libraries that Node is linked to')),
    npm(inputs.node, 'platform'),
    ...dedupe([
      npm(inputs.koffi, 'library'),
      ...bundledPackages(inputs.bundle.metafile, inputs.lockfile).map((each) => npm(each, 'library')),
    ]),
  ];
}

function npm({ name, version, integrity, license }: NpmPackage, kind: Material['kind']): Material {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    kind,
    name,
    version,
    purl,
    license,
    hash: { algorithm: 'SHA-512', hex: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') },
  };
}

function debian(
  { name, version, architecture, sha256 }: LockedPackage,
  kind: Material['kind'],
  description: string,
): Material {
  return {
    kind,
    name,
    version,
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
    hash: { algorithm: 'SHA-256', hex: sha256 },
    description,
  };
}

/** Several folders may contain the same version of a package. */
function dedupe(materials: readonly Material[]): Material[] {
  return [...new Map(materials.map((material) => [material.purl, material])).values()];
}
