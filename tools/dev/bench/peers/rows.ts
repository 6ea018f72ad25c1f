import type { Row } from '../measure';
import { relayPeerRows } from './relay-rows';
import { sealPeerRows } from './seal-rows';
import { verifyPeerRows } from './verify-rows';

/** Measures how fast other projects' programs do the same work. A row for a missing program names the command that installs it. */
export async function peersRows(): Promise<Row[]> {
  return [...(await relayPeerRows()), ...(await verifyPeerRows()), ...(await sealPeerRows())];
}
