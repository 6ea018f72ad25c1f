import { heldArrayBufferBytes, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { connect, type Address } from '@communique-tee/vsock';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { boundedOutput } from '../process';
import { parseCollectorSettings } from './collector-settings';
import { startLogCollector, type LineSink, type LogCollector } from './log-collector';

interface Written {
  source: string;
  event: string;
  count?: number;
  [field: string]: unknown;
}

describe('the log collector', () => {
  let folder: TemporaryFolder;
  let out: Written[];
  let collector: LogCollector | undefined;
  let sink: LineSink;
  let nowMs: number;

  beforeEach(async () => {
    folder = await temporaryFolder();
    out = [];
    nowMs = 0;
    sink = (line) => {
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toContain('\n');
      out.push(JSON.parse(line) as Written);
      return true;
    };
  });
  afterEach(async () => {
    await collector?.close();
    collector = undefined;
    await folder.remove();
  });

  const start = async ({ raw = false, maxLinesPerSecond = 100 } = {}) => {
    const listen: Address = { kind: 'hybrid', path: folder.file('vm'), port: 9001 };
    collector = await startLogCollector(
      { listen, raw, maxLinesPerSecond },
      (line) => sink(line),
      () => nowMs,
    );
    return collector;
  };
  /** Connects as the enclave's init does. */
  const open = async () => {
    const socket = await connect({ kind: 'unix', path: `${folder.file('vm')}_9001` }, { timeoutMs: 5000 });
    return socket.on('error', () => undefined).resume();
  };
  const send = async (...parts: (string | Uint8Array)[]) => {
    const socket = await open();
    const before = count('enclave_log_disconnected');
    for (const part of parts) await new Promise((written) => socket.write(part, written));
    socket.end();
    await becomes(() => count('enclave_log_disconnected') > before);
  };
  const becomes = async (what: () => boolean) => {
    for (let round = 0; round < 1000 && !what(); round++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(what()).toBe(true);
  };
  const count = (event: string) => out.filter((line) => line.event === event).length;
  const fromEnclave = () => out.filter(({ source }) => source === 'enclave');
  const event = (fields: object = {}) =>
    `${JSON.stringify({ time: '2026-11-22T12:00:00.000Z', level: 'info', event: 'message_handled', ...fields })}\n`;
  const metric = async (name: string) =>
    (await collector?.metrics.registry.metrics())
      ?.split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1];

  it('writes each event of the enclave with its source, the enclave’s time and the collector’s time', async () => {
    await start();
    await send(event({ code: 'key_retired', source: 'kernel' }), event({ bytes: 7 }));
    const time = expect.stringMatching(/^20/) as string;
    expect(fromEnclave()).toEqual([
      {
        time,
        level: 'info',
        source: 'enclave',
        event: 'message_handled',
        enclaveTime: '2026-11-22T12:00:00.000Z',
        code: 'key_retired',
        droppedFields: 1,
      },
      {
        time,
        level: 'info',
        source: 'enclave',
        event: 'message_handled',
        enclaveTime: '2026-11-22T12:00:00.000Z',
        bytes: 7,
      },
    ]);
  });

  it('counts lines that are not events, and writes no part of them', async () => {
    await start();
    await send(
      '[    0.1] Linux version 6.12\n',
      'Dear Senator,\n',
      event({ text: 'Dear Senator' }),
      new Uint8Array([0, 0xff, 0xfe, 0x0a]),
    );
    expect(await metric('communique_enclave_log_lines_total{fate="other"}')).toBe('3');
    await collector?.close();
    collector = undefined;
    expect(out.find(({ event: name }) => name === 'enclave_log_not_events')).toMatchObject({
      source: 'log-collector',
      count: 3,
    });
    expect(JSON.stringify(out)).not.toMatch(/Senator|Linux/);
  });

  it('shows all lines with --raw, each escaped on one line', async () => {
    await start({ raw: true });
    await send('[    0.1] Linux \u001b[2J\r\n', event());
    expect(fromEnclave().map(({ event: name, line }) => [name, line])).toEqual([
      ['raw_line', '[    0.1] Linux \u001b[2J\r'],
      ['message_handled', undefined],
    ]);
  });

  it('cuts a line that is too long, and continues with the next', async () => {
    await start({ raw: true });
    await send(`${'x'.repeat(1_000_000)}\n`, event());
    expect(fromEnclave()).toMatchObject([
      { event: 'raw_line', cut: true, line: 'x'.repeat(16_384) },
      { event: 'message_handled' },
    ]);
    expect(await metric('communique_enclave_log_lines_cut_total')).toBe('1');
  });

  it('reads a stream without a newline in limited memory', async () => {
    await start();
    const before = await heldArrayBufferBytes();
    const chunk = new Uint8Array(64 * 1024).fill(0xff);
    const socket = await open();
    for (let n = 0; n < 800; n++) await new Promise((written) => socket.write(chunk, written));
    expect((await heldArrayBufferBytes()) - before).toBeLessThan(16 * 1024 * 1024); // the stream has 50 MiB
    socket.end();
    await becomes(() => count('enclave_log_disconnected') > 0);
    expect(await metric('communique_enclave_log_bytes_total')).toBe(String(800 * 64 * 1024));
    expect(await metric('communique_enclave_log_lines_cut_total')).toBe('1');
  });

  it('drops lines above the rate, counts them, and recovers', async () => {
    await start({ maxLinesPerSecond: 10 });
    await send(event().repeat(5000));
    expect(fromEnclave()).toHaveLength(100); // the burst is ten seconds’ worth
    expect(await metric('communique_enclave_log_lines_total{fate="rate"}')).toBe('4900');
    nowMs += 1000;
    await send(event().repeat(50));
    expect(fromEnclave()).toHaveLength(110);
    await collector?.close();
    collector = undefined;
    expect(out.find(({ event: name }) => name === 'enclave_log_dropped')).toMatchObject({ count: 4940 });
  });

  it('buffers nothing while its output has no reader', async () => {
    const stuck = new PassThrough({ highWaterMark: 1 });
    sink = boundedOutput(stuck);
    const { metrics } = await start({ maxLinesPerSecond: 100_000 });
    const socket = await open();
    socket.end(event({ code: 'x'.repeat(200) }).repeat(10_000));
    for (let round = 0; round < 500 && !/connections_open 0/.test(await metrics.registry.metrics()); round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(stuck.writableLength + stuck.readableLength).toBeLessThan(1_100_000);
    expect(Number(await metric('communique_enclave_log_lines_total{fate="output"}'))).toBeGreaterThan(5000);
  });

  it('keeps two connections, and closes the oldest when a third one arrives', async () => {
    await start();
    const first = await open();
    await becomes(() => count('enclave_log_connected') === 1);
    const second = await open();
    await becomes(() => count('enclave_log_connected') === 2);
    const closed = once(first, 'close');
    const third = await open();
    await closed;
    third.write(event({ count: 3 }));
    second.write(event({ count: 2 }));
    await becomes(() => fromEnclave().length === 2);
    expect(await metric('communique_enclave_log_connections_open')).toBe('2');
    expect(await metric('communique_enclave_log_connections_evicted_total')).toBe('1');
  });

  it('keeps the last line of an enclave that dies', async () => {
    await start();
    const socket = await open();
    socket.write('{"level":"fatal","event":"enclave_failed","name":"NsmError"}', () => socket.destroy());
    await becomes(() => fromEnclave().length === 1);
    expect(fromEnclave()[0]).toMatchObject({ level: 'fatal', name: 'NsmError' });
  });
});

describe('the settings of the log collector', () => {
  const problems = (args: readonly string[], environment = {}) => {
    const parsed = parseCollectorSettings(args, environment);
    return parsed.ok ? [] : parsed.problems.map((line) => line.split(':')[0]);
  };

  it('have defaults', () => {
    expect(parseCollectorSettings([], {})).toEqual({
      ok: true,
      settings: {
        listen: { kind: 'vsock', cid: null, port: 9001 },
        maxLinesPerSecond: 200,
        raw: false,
        metrics: undefined,
      },
    });
  });

  it('are refused with all problems at once', () => {
    expect(
      problems(['--listen', 'tcp:0.0.0.0:9001', '--max-lines-per-second', '0', '--metrics', 'x', '--raw']),
    ).toEqual(['--listen', '--metrics', '--max-lines-per-second', '--raw']);
  });

  it('allow raw lines only in development and tests', () => {
    expect(problems(['--raw'])).toEqual(['--raw']);
    expect(problems(['--raw'], { NODE_ENV: 'production' })).toEqual(['--raw']);
    expect(problems(['--raw'], { NODE_ENV: 'development' })).toEqual([]);
    expect(problems(['--raw'], { NODE_ENV: 'test' })).toEqual([]);
  });
});
