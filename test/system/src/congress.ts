import { CHAMBER_KEYS, forEachChamber, type Chamber } from '@communique-tee/protocol';
import { spawnService, workspaceRoot, type Service } from '@communique-tee/testing/harness';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const chamber = z.object({ origin: z.string(), apiKey: z.string() });
const describedSchema = z.object({ ...forEachChamber(() => chamber), controlUrl: z.string() });
export type DescribedCongress = z.infer<typeof describedSchema>;

const receivedSchema = z.array(
  z.object({ chamber: z.string(), office: z.string(), deliveryId: z.string(), xml: z.string(), at: z.iso.datetime() }),
);
export type ReceivedXml = z.infer<typeof receivedSchema>[number];

export interface CongressOptions {
  /** Where the simulator keeps its authority and writes `congress.json`. */
  folder: string;
  logFile: string;
  /** The chambers that accept a repeated DeliveryId. */
  withoutDeduplication?: readonly Chamber[] | undefined;
  /** Keeps only the Subject element of each document. */
  onlySubjects?: boolean | undefined;
  /** Addresses whose ports the simulator uses again after a restart. By default it uses free ports. */
  addresses?: DescribedCongress | undefined;
  onOutput?: ((text: string) => void) | undefined;
}

/** Starts the Congress simulator (test/congress) as a process and waits until it listens. @throws SupportError SERVICE_NOT_READY */
export function startCongress({
  folder,
  logFile,
  withoutDeduplication = [],
  onlySubjects = false,
  addresses,
  onOutput,
}: CongressOptions): Promise<Service> {
  const portOf = (url: string) => new URL(url).port;
  return spawnService({
    command: process.execPath,
    args: [
      join(workspaceRoot(), 'tools/run.mjs'),
      join(workspaceRoot(), 'test/congress/src/main.ts'),
      '--folder',
      folder,
      ...(withoutDeduplication.length === 0 ? [] : ['--without-deduplication', ...withoutDeduplication]),
      ...(onlySubjects ? ['--only-subjects'] : []),
      ...(addresses === undefined
        ? []
        : [
            ...CHAMBER_KEYS.map((key) => `--${key}-port=${portOf(addresses[key].origin)}`),
            `--control-port=${portOf(addresses.controlUrl)}`,
          ]),
    ],
    readyWhen: /^ready/m,
    logFile,
    ...(onOutput !== undefined && { onOutput }),
  });
}

/** Reads the addresses and API keys of the running simulator from `congress.json`. */
export async function readCongress(file: string): Promise<DescribedCongress> {
  return describedSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** Returns the messages that arrived at the simulator's two chambers. */
export async function receivedBy(congress: DescribedCongress): Promise<ReceivedXml[]> {
  const response = await fetch(`${congress.controlUrl}/received`);
  return receivedSchema.parse(await response.json());
}
