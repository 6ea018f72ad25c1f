import { LogLines } from './log-lines';

function linesOf(write: (lines: LogLines) => void): string[] {
  let text = '';
  write(new LogLines((more) => (text += more), false));
  return text.split('\n').slice(0, -1);
}

describe('LogLines', () => {
  it('begins each line with the name of its part, wherever the pieces of output are cut', () => {
    expect(
      linesOf((lines) => {
        lines.take('postgres', 'one\ntw');
        lines.take('congress', 'ready\n');
        lines.take('postgres', 'o\nthr');
        lines.flush('postgres');
        lines.say('two\nlines');
      }),
    ).toEqual([
      'postgres  | one',
      'congress  | ready',
      'postgres  | two',
      'postgres  | thr',
      'dev       | two',
      'dev       | lines',
    ]);
  });

  it('writes JSON lines as time, level, message and fields', () => {
    const time = '2026-11-29T03:00:00.000Z';
    const [gateway, warning, enclave] = linesOf((lines) => {
      lines.take(
        'gateway',
        `${JSON.stringify({ level: 'info', time, app: 'gateway', pid: 7, port: 1, msg: 'listening' })}\n`,
      );
      lines.take('gateway', `${JSON.stringify({ level: 'warn', time, variable: 'REDIS_URL', msg: 'is not set' })}\n`);
      lines.take('enclave', `${JSON.stringify({ level: 'info', time, event: 'enclave_listening', bytes: 2 })}\n`);
    });
    expect(gateway).toMatch(/^gateway {3}\| \[..:..:00\.000\] INFO: listening \{"port":1\}$/);
    expect(warning).toMatch(/^gateway {3}\| \[..:..:00\.000\] WARN: REDIS_URL is not set$/);
    expect(enclave).toMatch(/^enclave {3}\| \[..:..:00\.000\] INFO: enclave_listening \{"bytes":2\}$/);
  });

  it('does not change a line that only looks like JSON', () => {
    expect(
      linesOf((lines) => {
        lines.take('gateway', '{ not JSON\n');
      }),
    ).toEqual(['gateway   | { not JSON']);
  });
});
