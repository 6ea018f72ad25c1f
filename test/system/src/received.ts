import * as z from 'zod';
import type { DescribedCongress } from './described-congress';

const receivedSchema = z.array(
  z.object({ chamber: z.string(), office: z.string(), deliveryId: z.string(), xml: z.string() }),
);
export type ReceivedXml = z.infer<typeof receivedSchema>[number];

/** What has arrived at the simulator's two ends. */
export async function receivedBy(congress: DescribedCongress): Promise<ReceivedXml[]> {
  const response = await fetch(`${congress.controlUrl}/received`);
  return receivedSchema.parse(await response.json());
}
