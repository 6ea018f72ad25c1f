import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  basicConstraints,
  certificateParts,
  keyUsage,
  subjectKeyIdentifier,
  writeCertificate,
  type CertificateParts,
} from './certificate-writer';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The time at which the tests' documents are made and verified. */
export const testTimeMs = Date.UTC(2026, 10, 1, 12, 0, 0);

interface Keys {
  publicKey: KeyObject;
  privateKey: KeyObject;
}
export const newKeys = (namedCurve = 'P-384'): Keys => generateKeyPairSync('ec', { namedCurve });

export interface Link {
  name: string;
  keys: Keys;
  parts: CertificateParts;
  /** By default the key of the link above. The root signs itself. */
  signWith?: KeyObject;
}

export interface WrittenChain {
  /** root first, leaf last */
  certificates: Uint8Array[];
  leafKey: KeyObject;
}

const caUsages = 0x86; // digitalSignature, keyCertSign, cRLSign
const shape = [
  {
    name: 'root',
    beforeMs: 7 * 365 * dayMs,
    afterMs: 23 * 365 * dayMs,
    extensions: () => [basicConstraints(true), subjectKeyIdentifier(), keyUsage(caUsages)],
  },
  {
    name: 'regional',
    beforeMs: 5 * dayMs,
    afterMs: 15 * dayMs,
    extensions: () => [basicConstraints(true, 2), subjectKeyIdentifier(), keyUsage(caUsages)],
  },
  {
    name: 'zonal',
    beforeMs: 2 * dayMs,
    afterMs: 3.6 * dayMs,
    extensions: () => [basicConstraints(true, 1), subjectKeyIdentifier(), keyUsage(caUsages)],
  },
  {
    name: 'instance',
    beforeMs: 6 * hourMs,
    afterMs: 18 * hourMs,
    extensions: () => [basicConstraints(true, 0), keyUsage(0x04), subjectKeyIdentifier()],
  },
  {
    name: 'leaf',
    beforeMs: hourMs,
    afterMs: 2 * hourMs,
    extensions: () => [basicConstraints(false), keyUsage(0xc0, false)],
  },
] as const;

export type LevelName = (typeof shape)[number]['name'];
export const levelNames: readonly LevelName[] = shape.map(({ name }) => name);

/** Made once, because few tests change a key. */
const keysOfLevel = new Map(shape.map(({ name }) => [name as string, newKeys()]));

/** Returns a chain with the levels of a real one; `edit` may change, add or remove links before they are signed. */
export function writeChain(edit: (links: Link[]) => void = () => undefined): WrittenChain {
  const links: Link[] = [];
  for (const level of shape)
    links.push(
      makeLink(level.name, links.at(-1), level.extensions(), testTimeMs - level.beforeMs, testTimeMs + level.afterMs),
    );
  edit(links);
  const certificates = links.map((link, i) =>
    writeCertificate(link.parts, link.signWith ?? (links[i - 1] ?? link).keys.privateKey),
  );
  const leaf = links.at(-1);
  if (!leaf) throw new Error('a chain without certificates');
  return { certificates, leafKey: leaf.keys.privateKey };
}

export function makeLink(
  name: string,
  issuer: Link | undefined,
  extensions: Uint8Array[],
  notBeforeMs = testTimeMs - hourMs,
  notAfterMs = testTimeMs + hourMs,
): Link {
  const keys = keysOfLevel.get(name) ?? newKeys();
  return {
    name,
    keys,
    parts: certificateParts({ name, keys }, issuer ?? { name, keys }, notBeforeMs, notAfterMs, extensions),
  };
}

export function link(links: readonly Link[], name: LevelName): Link {
  const found = links.find((each) => each.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

export function pem(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

/** Returns a leaf with a new key. It fits into any written chain, because all chains share the keys of their levels. */
export function anotherLeaf(): { der: Uint8Array; privateKey: KeyObject } {
  const links: Link[] = [];
  writeChain((written) => links.push(...written));
  const keys = newKeys();
  const instance = link(links, 'instance');
  const parts = certificateParts(
    { name: 'leaf', keys },
    instance,
    testTimeMs - hourMs,
    testTimeMs + 2 * hourMs,
    shape[4].extensions(),
  );
  return { der: writeCertificate(parts, instance.keys.privateKey), privateKey: keys.privateKey };
}
