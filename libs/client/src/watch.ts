import { isEnded, type MessageView } from '@communique-tee/protocol';
import { asClientError } from './as-client-error';
import { ClientError } from './errors';
import { readEvents } from './event-stream';
import { accessHeaders, fetchMessage, messageEventsUrl, readView, type Access } from './gateway';
import { isNetworkError, open, readBounded, refusalOf } from './http';
import { isPassing, pause, pauseMs, throwIfAborted, unlessAborted } from './retry';

const encoder = new TextEncoder();
const EVENT_STREAM = 'text/event-stream';
/** The gateway sends a comment every 15 s. A connection that is silent for this long is dead, even if TCP has not noticed. */
const SILENCE_MS = 50_000;
/** After this many streams in a row without an event, the client assumes that the network does not pass streams, and polls. */
const MAX_SILENT_STREAMS = 2;
const MAX_POLL_PAUSE_MS = 5000;
/** After this many plain requests the client tries a stream again, because the gateway may have room for one now. */
const POLLS_BEFORE_STREAM = 20;
/** A hostile gateway may invent changes without end. */
const MAX_CHANGES = 5000;

export interface WatchOptions {
  readonly gateway: string | URL;
  readonly token: () => Promise<string>;
  /** 32 bytes, for a proven message, in place of a token. */
  readonly statusSecret?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The value of Date.now() at which watching ends. The client makes one request even if it has passed. */
  readonly deadlineMs: number;
  /** Called after a request failed, before the client waits `waitMs` and tries again. */
  readonly onWait?: ((waitMs: number, error: ClientError) => void) | undefined;
}

/**
 * Yields the status of a message at each change, until the message has ended. Uses a stream if the gateway gives one, otherwise polls.
 * Tries until the deadline while the gateway cannot be reached or is overloaded.
 * @throws ClientError `timeout`, `aborted`, `token_unavailable`, `refused`, `answer_invalid`; the last failure if no answer came before the
 * deadline
 */
export async function* watchMessage(id: string, options: WatchOptions): AsyncGenerator<MessageView, void> {
  let last = '';
  let changes = 0;
  for await (const view of viewsOf(id, options)) {
    if (view.id !== id) throw new ClientError('answer_invalid', 'the answer is about another message');
    const text = JSON.stringify(view);
    if (text === last) continue;
    if (++changes > MAX_CHANGES) throw new ClientError('answer_invalid', 'the status changes without end');
    last = text;
    yield view;
    if (isEnded(view.status)) return;
  }
}

async function* viewsOf(id: string, options: WatchOptions): AsyncGenerator<MessageView, void> {
  let silentStreams = 0;
  let failures = 0;
  let polls = 0;
  let refusedToken = false;
  let lastError: ClientError | undefined;
  let answered = false;
  for (let asked = false; ; asked = true) {
    throwIfAborted(options.signal);
    const isOver = Date.now() >= options.deadlineMs;
    if (isOver && asked) throw answered || lastError === undefined ? timeout(lastError) : lastError;
    let waitMs: number;
    try {
      if (!isOver && silentStreams < MAX_SILENT_STREAMS) {
        const heard: Heard = { views: 0, retryMs: 0, isStream: true, broken: undefined };
        try {
          for await (const view of streamed(id, options, heard)) {
            answered = true;
            yield view;
          }
        } finally {
          silentStreams = heard.views > 0 ? 0 : silentStreams + 1;
          if (heard.views > 0) failures = 0;
          if (!heard.isStream) silentStreams = MAX_SILENT_STREAMS;
        }
        waitMs = Math.max(heard.retryMs, pauseMs(1));
        if (heard.broken !== undefined) options.onWait?.(waitMs, heard.broken);
      } else {
        const view = await fetchMessage(
          { gateway: options.gateway, signal: options.signal, ...(await accessOf(options)) },
          id,
        );
        answered = true;
        yield view;
        failures = 0;
        waitMs = Math.min(MAX_POLL_PAUSE_MS, 250 * 1.5 ** Math.min(polls, 10));
        if (++polls % POLLS_BEFORE_STREAM === 0) silentStreams = MAX_SILENT_STREAMS - 1;
      }
    } catch (thrown) {
      const error = asClientError(thrown, options.signal);
      if (!(error instanceof ClientError)) throw error;
      // The token may have expired, so the client asks once for another.
      const mayBeNewer: boolean = error.status === 401 && !refusedToken && options.statusSecret === undefined;
      if (!isPassing(error) && !mayBeNewer) throw error;
      refusedToken = mayBeNewer;
      lastError = error;
      failures++;
      // The gateway has no room for another stream, but it still answers plain requests.
      if (error.status === 429 || error.status === 503) silentStreams = MAX_SILENT_STREAMS;
      waitMs = Math.min(pauseMs(Math.min(failures, 6), error.retryAfterSeconds), options.deadlineMs - Date.now());
      if (waitMs > 0) options.onWait?.(waitMs, error);
    }
    await pause(Math.max(0, Math.min(waitMs, options.deadlineMs - Date.now())), options.signal);
  }
}

async function accessOf({ token, statusSecret, signal }: WatchOptions): Promise<Access> {
  return statusSecret !== undefined ? { statusSecret } : { token: await unlessAborted(token(), signal) };
}

function timeout(cause: ClientError | undefined): ClientError {
  return new ClientError(
    'timeout',
    'the message has not ended within the time allowed; the gateway continues to deliver it',
    { cause },
  );
}

interface Heard {
  views: number;
  retryMs: number;
  isStream: boolean;
  /** How the connection broke after an event. */
  broken: ClientError | undefined;
}

/** Yields the statuses of one connection, and returns when the gateway ends the connection. */
async function* streamed(id: string, options: WatchOptions, heard: Heard): AsyncGenerator<MessageView, void> {
  const silence = new AbortController();
  let timer = setTimeout(() => {
    silence.abort();
  }, SILENCE_MS);
  const deadline = setTimeout(
    () => {
      silence.abort();
    },
    Math.min(0x7fff_ffff, Math.max(0, options.deadlineMs - Date.now())),
  );
  const signal = AbortSignal.any([silence.signal, options.signal ?? []].flat());
  try {
    const headers = { ...accessHeaders(await accessOf(options)), accept: EVENT_STREAM };
    const response = await open(messageEventsUrl(options.gateway, id), { headers, signal }, 0);
    if (!response.ok) throw await refusalOf(response);
    if (!(response.headers.get('content-type') ?? '').startsWith(EVENT_STREAM)) {
      heard.isStream = false;
      yield readView(await readBounded(response));
      return;
    }
    for await (const arrival of readEvents(response)) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        silence.abort();
      }, SILENCE_MS);
      if (arrival.kind === 'retry') heard.retryMs = arrival.retryMs;
      if (arrival.kind !== 'event' || arrival.event.type !== 'status') continue;
      const view = readView(encoder.encode(arrival.event.data));
      heard.views++;
      yield view;
    }
  } catch (error) {
    // If a connection broke after an event, the caller of this function connects again.
    if (heard.views === 0 || !isNetworkError(error) || options.signal?.aborted === true) throw error;
    heard.broken = new ClientError('unreachable', 'the stream of the status broke', { cause: error });
  } finally {
    clearTimeout(timer);
    clearTimeout(deadline);
    silence.abort();
  }
}
