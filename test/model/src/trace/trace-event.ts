/** One event of a run, without any text or secret. */
export type TraceEvent = {
  /** Unix milliseconds. */
  readonly at: number;
} & (
  | { readonly event: 'accept'; readonly message: string }
  /** `free`: the job had no lease, or its lease had run out. */
  | { readonly event: 'lease'; readonly message: string; readonly lease: string; readonly free: boolean }
  | (JobAfter & { readonly event: 'dispatch'; readonly inTime: boolean })
  /** The job goes back to the queue. `released`: as if it had not been leased. */
  | (JobAfter & { readonly event: 'again'; readonly released: boolean; readonly reason: string | null })
  | {
      readonly event: 'end';
      readonly message: string;
      readonly lease: string | null;
      readonly status: string;
      readonly reason: string | null;
    }
  | { readonly event: 'nullifier'; readonly message: string; readonly freed: boolean }
  | { readonly event: 'copy'; readonly message: string; readonly office: string }
  | { readonly event: 'crash'; readonly process: string }
);

interface JobAfter {
  readonly message: string;
  /** The lease of the worker that wrote the step; null if it had none. */
  readonly lease: string | null;
  readonly dispatched: boolean;
  readonly relayed: boolean;
}
