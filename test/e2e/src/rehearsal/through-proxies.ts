import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHAMBER_KEYS, forEachChamber, type Chamber } from '@communique-tee/protocol';
import { developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { freePort } from '@communique-tee/testing/harness';
import { startKeyGuard, type KeyGuard } from '@communique-tee/test-system';
import type { EnclaveSurroundings } from '@communique-tee/test-system';

/** The vsock port of each egress proxy. */
export const EGRESS = {
  ...forEachChamber((chamber) => 8001 + CHAMBER_KEYS.indexOf(chamber)),
  kms: 8001 + CHAMBER_KEYS.length,
};
export type Way = keyof typeof EGRESS;

/** An egress route of the enclave: the port of the proxy on this machine, and the port of the destination. */
export interface WayOut {
  readonly listenPort: number;
  readonly targetPort: number;
}

export interface ThroughProxies {
  readonly ways: Readonly<Partial<Record<Way, WayOut>>>;
  /** The file that describes Congress to the enclave, with the proxies' addresses. */
  readonly congressFile: string;
  /** Present if keys are sealed. The enclave then reaches KMS through a proxy too. */
  readonly keyGuard: KeyGuard | undefined;
}

const portOf = (origin: string): number => Number(new URL(origin).port);
const localhost = (port: number): string => `https://localhost:${String(port)}`;

export async function throughProxies(
  { folder, congress, congressFile }: EnclaveSurroundings,
  keys: 'process' | 'sealed',
): Promise<ThroughProxies> {
  const ports: Partial<Record<Chamber, number>> = {};
  for (const chamber of CHAMBER_KEYS) ports[chamber] = await freePort();
  const ways = forEachChamber((chamber) => ({
    listenPort: ports[chamber] ?? 0,
    targetPort: portOf(congress[chamber].origin),
  }));
  // A key guard reads the description of Congress from its own folder.
  const around = join(folder, 'through-proxies');
  await mkdir(join(around, 'congress'), { recursive: true });
  const throughFile = join(around, 'congress', 'congress.json');
  const described = JSON.parse(await readFile(congressFile, 'utf8')) as Record<Chamber, { origin: string }>;
  for (const chamber of CHAMBER_KEYS) described[chamber].origin = localhost(ways[chamber].listenPort);
  await writeFile(throughFile, JSON.stringify(described), { mode: 0o600 });
  if (keys === 'process') return { ways, congressFile: throughFile, keyGuard: undefined };

  const guard = await startKeyGuard({
    folder: around,
    congress,
    rootPem: await developmentRootPem(join(folder, 'nsm')),
  });
  const kms = { listenPort: await freePort(), targetPort: portOf(guard.kms.origin) };
  const configure: KeyGuard['configure'] = (plain) => {
    const configured = guard.configure(plain) as { kms: object };
    return { ...configured, kms: { ...configured.kms, origin: localhost(kms.listenPort) } };
  };
  return { ways: { ...ways, kms }, congressFile: throughFile, keyGuard: { ...guard, configure } };
}
