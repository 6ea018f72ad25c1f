import type { Row } from '../measure';
import { relayPeerRows } from './relay-rows';
import { sealPeerRows } from './seal-rows';
import { verifyPeerRows } from './verify-rows';

/** What other people's programs do of the same, each in this run; one that is missing is named with what installs it. */
export async function peersRows(): Promise<Row[]> {
  return [...(await relayPeerRows()), ...(await verifyPeerRows()), ...(await sealPeerRows())];
}
