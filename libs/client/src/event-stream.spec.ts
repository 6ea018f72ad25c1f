import { readEvents, type Arrival } from './event-stream';

const encoder = new TextEncoder();

async function read(...pieces: (string | Uint8Array)[]): Promise<Arrival[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
      controller.close();
    },
  });
  const arrivals: Arrival[] = [];
  for await (const arrival of readEvents(new Response(body))) if (arrival.kind !== 'alive') arrivals.push(arrival);
  return arrivals;
}
const event = (data: string, type = 'message') => ({ kind: 'event', event: { type, data } });

describe('a stream of events', () => {
  it.each<[string, string, unknown[]]>([
    ['lines ended by LF', 'event: status\ndata: {"a":1}\n\n', [event('{"a":1}', 'status')]],
    ['lines ended by CRLF', 'event: status\r\ndata: 1\r\n\r\n', [event('1', 'status')]],
    ['lines ended by CR', 'event: status\rdata: 1\r\r', [event('1', 'status')]],
    ['a byte order mark', '\ufeffdata: 1\n\n', [event('1')]],
    ['comments', ': hello\n\n:\n\ndata: 1\n\n', [event('1')]],
    ['data in several lines', 'data: 1\ndata:2\ndata\n\n', [event('1\n2\n')]],
    ['one space that does not count', 'data:  1\n\n', [event(' 1')]],
    ['unknown fields', 'id: 7\nwhatever: 1\ndata: 1\n\n', [event('1')]],
    ['an event without data', 'event: status\n\ndata: 1\n\n', [event('1')]],
    ['an event that is cut off', 'data: 1\n\ndata: 2\n', [event('1')]],
    [
      'retry fields',
      'retry: 1500\n\nretry: soon\n\nretry: 999999999\n\n',
      [
        { kind: 'retry', retryMs: 1500 },
        { kind: 'retry', retryMs: 60_000 },
      ],
    ],
    ['letters of several bytes', 'data: ü→😀\n\n', [event('ü→😀')]],
  ])('with %s is read, both whole and byte by byte', async (_, text, expected) => {
    expect(await read(text)).toEqual(expected);
    expect(await read(...[...encoder.encode(text)].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  it.each([
    ['one line', 'data: '],
    ['many lines', 'data: x\ndata: '],
  ])('without end, in %s, is refused', async (_, start) => {
    const piece = start.includes('\n') ? 'y\ndata: '.repeat(1000) : 'y'.repeat(8000);
    await expect(read(start, ...Array.from({ length: 100 }, () => piece))).rejects.toMatchObject({
      code: 'answer_invalid',
    });
  });

  it('keeps U+FEFF anywhere but at the start of the stream', async () => {
    expect(await read('data: \ufeff1\n\n', '\ufeffdata: 2\n\n')).toEqual([event('\ufeff1')]);
    expect(await read('\ufeff\ufeffdata: 1\n\n')).toEqual([]);
  });

  it('that is not UTF-8 is refused', async () => {
    await expect(read(Uint8Array.of(0x64, 0x3a, 0xff, 0x0a))).rejects.toMatchObject({ code: 'answer_invalid' });
  });

  it('may have many events, because the size limit is for each event', async () => {
    expect(await read(...Array.from({ length: 300 }, () => `data: ${'x'.repeat(4000)}\n\n`))).toHaveLength(300);
  });
});
