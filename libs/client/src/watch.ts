import { isEnded, type MessageView } from '@communique-tee/protocol';
import { asClientError } from './as-client-error';
import { ClientError } from './errors';
import { readEvents } from './event-stream';
import { fetchMessage, messageEventsUrl, readView } from './gateway';
import { isNetworkError, open, readBounded, refusalOf } from './http';
import { isPassing, pause, pauseMs, throwIfAborted } from './retry';

const encoder = new TextEncoder();
const EVENT_STREAM = 'text/event-stream';
/** Three of the gateway's comments missed: the connection is dead, whatever TCP thinks. */
const SILENCE_MS = 50_000;
/** A stream that breaks so often without a word is one that something in between does not let through. */
const MAX_SILENT_STREAMS = 2;
const MAX_POLL_PAUSE_MS = 5000;
/** After so many plain questions a stream is tried again: where there was no room, there may be some now. */
const POLLS_BEFORE_STREAM = 20;
/** A gateway that is not trusted may make up changes without end. */
const MAX_CHANGES = 5000;

export interface WatchOptions {
  readonly gateway: string | URL;
  readonly token: () => Promise<string>;
  readonly signal?: AbortSignal | undefined;
  /** Date.now() after which it is given up. */
  readonly deadlineMs: number;
}

/**
 * How a message stands, at each change, until it has ended: by a stream where there is one, else by asking again and again.
 * What passes (no network, 503) is waited out; only the deadline ends that.
 * @throws ClientError `timeout`, `aborted`, `refused`, `answer_invalid`
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
  for (;;) {
    throwIfAborted(options.signal);
    if (Date.now() >= options.deadlineMs)
      throw new ClientError('timeout', 'no end within the time allowed; the message goes on', { cause: lastError });
    let waitMs: number;
    try {
      if (silentStreams < MAX_SILENT_STREAMS) {
        const heard: Heard = { views: 0, retryMs: 0, isStream: true };
        try {
          yield* streamed(id, options, heard);
        } finally {
          silentStreams = heard.views > 0 ? 0 : silentStreams + 1;
          if (heard.views > 0) failures = 0;
          if (!heard.isStream) silentStreams = MAX_SILENT_STREAMS;
        }
        waitMs = Math.max(heard.retryMs, pauseMs(1));
      } else {
        yield await fetchMessage(
          { gateway: options.gateway, token: await options.token(), ...(options.signal && { signal: options.signal }) },
          id,
        );
        failures = 0;
        waitMs = Math.min(MAX_POLL_PAUSE_MS, 250 * 1.5 ** Math.min(polls, 10));
        if (++polls % POLLS_BEFORE_STREAM === 0) silentStreams = MAX_SILENT_STREAMS - 1;
      }
    } catch (thrown) {
      const error = asClientError(thrown, options.signal);
      if (!(error instanceof ClientError)) throw error;
      // A token may have ended on its way: the next one is asked for once.
      const mayBeNewer: boolean = error.status === 401 && !refusedToken;
      if (!isPassing(error) && !mayBeNewer) throw error;
      refusedToken = mayBeNewer;
      lastError = error;
      failures++;
      // No room for another stream, here or there: the plain question is still answered.
      if (error.status === 429 || error.status === 503) silentStreams = MAX_SILENT_STREAMS;
      waitMs = pauseMs(Math.min(failures, 6), error.retryAfterSeconds);
    }
    await pause(Math.max(0, Math.min(waitMs, options.deadlineMs - Date.now())), options.signal);
  }
}

interface Heard {
  views: number;
  retryMs: number;
  isStream: boolean;
}

/** One connection. It ends in order where the gateway ends it. */
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
    const headers = { authorization: `Bearer ${await options.token()}`, accept: EVENT_STREAM };
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
    // A connection that was heard and broke is simply made again.
    if (heard.views === 0 || !isNetworkError(error) || options.signal?.aborted === true) throw error;
  } finally {
    clearTimeout(timer);
    clearTimeout(deadline);
    silence.abort();
  }
}
