/** One HTTPS request to KMS: TLS ends in the enclave. */
export interface KmsRequest {
  /** As configured: `https://kms.us-east-1.amazonaws.com`. */
  origin: string;
  method: 'POST';
  path: '/';
  /** Names in lower case, `host` among them and signed: to be sent as they are, with `content-length` and no other. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  /** For everything together. */
  timeoutMs: number;
  /** Aborts when the time is over or the caller gave up. */
  signal: AbortSignal;
  /** No more of the body needs to be read: what is longer is refused. */
  maxAnswerBytes: number;
}

export interface KmsHttpAnswer {
  status: number;
  /** Names in lower case, as Node gives them; only `x-amzn-errortype` is looked at. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
}

/** Rejects where there is no whole answer: every rejection is `kms_unreachable`, with what it said as the cause. Follows no redirect. */
export type KmsTransport = (request: KmsRequest) => Promise<KmsHttpAnswer>;
