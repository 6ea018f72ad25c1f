import * as z from 'zod';

const closedLoop = z.object({
  kind: z.literal('closed'),
  senders: z.int().min(1),
  warmUpMs: z.number(),
  durationMs: z.number().optional(),
  requests: z.int().optional(),
});
const openLoop = z.object({
  kind: z.literal('open'),
  connections: z.int().min(1),
  ratePerSecond: z.number(),
  warmUpMs: z.number(),
  durationMs: z.number(),
});

/** The input of the process that makes the load. */
export const jobSchema = z.object({
  origin: z.string(),
  path: z.string(),
  /** One bearer token per user. The users take turns. */
  tokens: z.array(z.string()).min(1),
  /** The size to which the sealed messages are padded. */
  kib: z.int().min(1),
  /** How many times the status of each accepted message is requested. */
  asksPerPost: z.int().min(0),
  rhythm: z.discriminatedUnion('kind', [closedLoop, openLoop]),
});
export type LoadJob = z.infer<typeof jobSchema>;

export const resultSchema = z.object({
  ratePerSecond: z.number(),
  count: z.int(),
  /** Latencies from the time at which each request was due; null except in an open loop. */
  latencyMs: z.object({ count: z.int(), p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
  /** How many cores the load itself took. */
  loaderCores: z.number(),
});
export type LoadResult = z.infer<typeof resultSchema>;
