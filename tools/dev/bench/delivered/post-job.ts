import * as z from 'zod';

/** The job of the posting process. */
export const postJobSchema = z.object({
  gateway: z.string(),
  /** Null if the messages have proofs. */
  token: z.string().nullable(),
  messages: z.array(z.object({ /** Base64. */ body: z.string(), sha256: z.string() })),
  connections: z.int().min(1),
  /** If null, each connection posts its next message when it has the answer to its last one. */
  ratePerSecond: z.number().nullable(),
});
export type PostJob = z.infer<typeof postJobSchema>;

export const postResultSchema = z.object({
  /** When each message was due, Unix time in milliseconds. Without a rate, all are due when posting begins. */
  dueMs: z.array(z.number()),
  /** CPU time that posting took. */
  cpuMs: z.number(),
});
export type PostResult = z.infer<typeof postResultSchema>;
