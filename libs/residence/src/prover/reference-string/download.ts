export interface DownloadOptions {
  readonly fetch: typeof fetch;
  /** From the request to the last byte. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Requests no range, because browsers cache only whole files. Only for a file of exactly the wanted length. Default: false. */
  readonly whole?: boolean;
}

/** The download from one host failed. The text contains no part of the answer except the status. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';

  /** @param answered whether the host answered with something else than the wanted bytes; false for a status from 500 */
  constructor(
    text: string,
    readonly answered = false,
  ) {
    super(text);
  }
}

/**
 * Returns the first `length` bytes of a file. Reads no more, even if the host ignores the range.
 * @throws (rejects) DownloadError: no connection, no answer in time, a status other than 200 and 206, another range, or too few bytes.
 * If `signal` aborts, its reason.
 */
export async function downloadStart(url: string, length: number, options: DownloadOptions): Promise<Uint8Array> {
  const { fetch, timeoutMs, signal, whole = false } = options;
  const ends = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
  const controller = new AbortController();
  const abort = () => {
    controller.abort(new DownloadError('no answer in time'));
  };
  ends.addEventListener('abort', abort, { once: true });
  try {
    if (ends.aborted) throw new DownloadError('no answer in time');
    const response = await fetch(url, {
      headers: whole ? {} : { range: `bytes=0-${String(length - 1)}`, 'accept-encoding': 'identity' },
      redirect: 'error',
      credentials: 'omit',
      signal: controller.signal,
    });
    checkRange(response, length);
    return await readAtMost(response, length);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof DownloadError ? error : new DownloadError('no connection, or it broke off');
  } finally {
    ends.removeEventListener('abort', abort);
    controller.abort(); // Ends the transfer of a longer answer
  }
}

function checkRange({ status, headers }: Response, length: number): void {
  if (status === 200) return;
  if (status !== 206) throw new DownloadError(`status ${String(status)}`, status < 500);
  const range = /^bytes 0-(\d+)\/(?:\d+|\*)$/.exec(headers.get('content-range') ?? '');
  if (range?.[1] !== String(length - 1)) throw new DownloadError('another range than requested', true);
}

async function readAtMost({ body }: Response, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  const reader = body?.getReader();
  while (reader !== undefined && at < length) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || value === undefined) break;
    bytes.set(value.subarray(0, length - at), at);
    at += value.length;
  }
  if (at < length) throw new DownloadError('fewer bytes than requested', true);
  return bytes;
}
