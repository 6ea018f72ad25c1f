import { ClientError } from './errors';
import { chunksOf } from './http';

const MAX_EVENT_CHARACTERS = 512 * 1024;
const MAX_RETRY_MS = 60_000;

export interface ServerSentEvent {
  readonly type: string;
  readonly data: string;
}

/** `event`: an event. `retry`: the pause that the server asks for before the next connection. `alive`: any bytes arrived. */
export type Arrival =
  | { readonly kind: 'event'; readonly event: ServerSentEvent }
  | { readonly kind: 'retry'; readonly retryMs: number }
  | { readonly kind: 'alive' };

/**
 * Yields server-sent events (WHATWG HTML, section 9.2.6) from an answer of `fetch`, because EventSource cannot send a token in a header.
 * Does not read `id`, because each event is a whole status.
 * @throws ClientError `answer_invalid` if an event is too large or not UTF-8; what fetch throws
 */
export async function* readEvents(response: Response): AsyncGenerator<Arrival, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let hasStarted = false;
  let rest = '';
  let endedWithCr = false;
  let type = '';
  let data: string[] = [];
  let characters = 0;
  for await (const chunk of chunksOf(response)) {
    yield { kind: 'alive' };
    let text = decoded(decoder, chunk);
    // Section 9.2.5 tells the reader to ignore one byte order mark at the start
    if (!hasStarted && text !== '') {
      hasStarted = true;
      if (text.startsWith('\ufeff')) text = text.slice(1);
    }
    if (endedWithCr && text.startsWith('\n')) text = text.slice(1);
    if (text !== '') endedWithCr = text.endsWith('\r');
    characters += text.length;
    // Splits only when a line ends: a long line in small pieces would otherwise be scanned again with each piece
    const lines = /[\r\n]/.test(text) ? (rest + text).split(/\r\n|\n|\r/) : [rest + text];
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
        if (name === 'event') type = value;
        else if (name === 'data') data.push(value);
        else if (name === 'retry' && /^[0-9]{1,9}$/.test(value))
          yield { kind: 'retry', retryMs: Math.min(Number(value), MAX_RETRY_MS) };
        continue;
      }
      if (data.length > 0)
        yield { kind: 'event', event: { type: type === '' ? 'message' : type, data: data.join('\n') } };
      type = '';
      data = [];
      characters = rest.length;
    }
    if (characters > MAX_EVENT_CHARACTERS)
      throw new ClientError('answer_invalid', 'an event of the stream is too large');
  }
}

function decoded(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new ClientError('answer_invalid', 'the stream is not UTF-8', { cause });
  }
}
