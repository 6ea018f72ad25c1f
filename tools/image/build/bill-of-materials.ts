import { createHash } from 'node:crypto';
import { Enums, Models, Serialize, SPDX, Spec } from '@cyclonedx/cyclonedx-library';

/** One component of the image, as it is pinned. */
export interface Material {
  kind: 'application' | 'library' | 'platform' | 'firmware' | 'operating-system';
  name: string;
  version: string;
  /** The package URL of a component from a registry. */
  purl?: string;
  license?: string | undefined;
  /** Hash of the pinned file (tarball, .deb) or, if no file is pinned, of the file in the image. */
  hash?: { algorithm: 'SHA-256' | 'SHA-384' | 'SHA-512'; hex: string };
  description?: string;
}

/**
 * Returns CycloneDX 1.6 JSON of exactly `materials`. It has no time and no random serial number, so the same image has the same document.
 */
export function billOfMaterials(
  image: { name: string; version: string; sha384: string; pcr0: string },
  materials: readonly Material[],
): string {
  const bom = new Models.Bom({
    metadata: new Models.Metadata({
      component: new Models.Component(Enums.ComponentType.Firmware, image.name, {
        bomRef: 'image',
        version: image.version,
      }),
    }),
  });
  const { component } = bom.metadata;
  if (component !== undefined) {
    component.hashes.set(Enums.HashAlgorithm['SHA-384'], image.sha384);
    component.properties.add(new Models.Property('communique-tee:pcr0', image.pcr0));
  }
  bom.serialNumber = serialNumber(image.pcr0);
  for (const material of materials) bom.components.add(componentOf(material));
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

const TYPES = {
  application: Enums.ComponentType.Application,
  library: Enums.ComponentType.Library,
  platform: Enums.ComponentType.Platform,
  firmware: Enums.ComponentType.Firmware,
  'operating-system': Enums.ComponentType.OperatingSystem,
} as const;

function componentOf({ kind, name, version, purl, license, hash, description }: Material): Models.Component {
  const component = new Models.Component(TYPES[kind], name, {
    version,
    bomRef: purl ?? `${kind}:${name}@${version}`,
    ...(purl !== undefined && { purl }),
    ...(description !== undefined && { description }),
  });
  if (hash !== undefined) component.hashes.set(Enums.HashAlgorithm[hash.algorithm], hash.hex);
  if (license !== undefined)
    component.licenses.add(
      SPDX.isSupportedSpdxId(license) ? new Models.SpdxLicense(license) : new Models.NamedLicense(license),
    );
  return component;
}

/** Returns a UUID (RFC 9562, version 8) derived from PCR0. */
function serialNumber(pcr0: string): string {
  const hex = createHash('sha256').update(`communique-tee sbom ${pcr0}`).digest('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${'89ab'[parseInt(hex.slice(16, 17), 16) & 3] ?? '8'}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
