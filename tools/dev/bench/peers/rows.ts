import type { Row } from '../measure';
import { relayPeerRows } from './relay-rows';
import { sealPeerRows } from './seal-rows';
import { verifyPeerRows } from './verify-rows';

/** The same work by other people's programs, measured in this run; a row for a missing program names what installs it. */
export async function peersRows(): Promise<Row[]> {
  return [...(await relayPeerRows()), ...(await verifyPeerRows()), ...(await sealPeerRows())];
}
