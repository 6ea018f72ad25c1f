import { readFile } from 'node:fs/promises';
import { forEachChamber } from '@communique-tee/protocol';
import * as z from 'zod';

const chamber = z.object({ origin: z.string(), apiKey: z.string() });
const describedSchema = z.object({ ...forEachChamber(() => chamber), controlUrl: z.string() });
export type DescribedCongress = z.infer<typeof describedSchema>;

/** What the running simulator says of itself. */
export async function readCongress(file: string): Promise<DescribedCongress> {
  return describedSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}
