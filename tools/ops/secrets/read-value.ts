import type { ReadStream } from 'node:tty';

/** The form of a CWC key: visible ASCII, because the key is sent in a URL's query. */
const VALUE = /^[\x21-\x7e]{8,200}$/;
const MAX_INPUT_BYTES = 4096;

export type ValueSource = NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>;

/** Reads one line, which a terminal does not show. @throws Error with what is wrong, never with the value */
export async function readValue(source: ValueSource, ask: (text: string) => void): Promise<string> {
  const hidden = source.isTTY === true && source.setRawMode !== undefined;
  if (hidden) {
    ask('The value (it is not shown), then Enter: ');
    source.setRawMode?.(true);
  }
  try {
    return checked(await firstLine(source, hidden));
  } finally {
    if (hidden) {
      source.setRawMode?.(false);
      ask('\n');
    }
  }
}

async function firstLine(source: ValueSource, hidden: boolean): Promise<string> {
  let text = '';
  for await (const chunk of source) {
    text += Buffer.isBuffer(chunk) ? chunk.toString('latin1') : chunk;
    if (hidden && text.includes('\u0003')) throw new Error('interrupted');
    if (text.length > MAX_INPUT_BYTES) throw new Error('that is no API key: it is longer than 4096 bytes');
    if (hidden && /[\r\n\u0004]/.test(text)) break;
  }
  return hidden ? edited(text.replace(/[\r\n\u0004].*$/s, '')) : text.replace(/\r?\n$/, '');
}

/** Applies each Backspace, because the terminal does not do that in raw mode. */
function edited(typed: string): string {
  const kept: string[] = [];
  for (const character of typed) {
    if (character === '\u007f' || character === '\b') kept.pop();
    else kept.push(character);
  }
  return kept.join('');
}

function checked(value: string): string {
  if (!VALUE.test(value)) throw new Error('the value must be 8 to 200 visible ASCII characters on one line');
  return value;
}
