import { createLog as createEnclaveLog, type LogFields } from '@communique-tee/enclave/runtime/log';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_FIELDS, readEnclaveEvent } from '@communique-tee/parent/collector/enclave-event';

/** If a field is added to the enclave's log or removed from it, this no longer compiles. */
const ENCLAVE_FIELDS: Required<LogFields> = {
  code: 'key_retired',
  step: 'open',
  outcome: 'accepted',
  chamber: 'house',
  count: 1,
  durationMs: 1.5,
  driftMs: -5001,
  bytes: 2,
  statusCode: 200,
  messageId: '00000000-0000-4000-8000-000000000000',
  keyId: 'ab',
  enclaveId: 'cd',
  address: 'vsock:5000',
  stack: 'production',
  custody: 'process',
  pcr0: 'ab'.repeat(48),
};

describe('an event of the enclave', () => {
  it('has exactly the fields of the enclave’s log', () => {
    expect(Object.keys(EVENT_FIELDS).sort()).toEqual(Object.keys(ENCLAVE_FIELDS).sort());
  });

  it('is read from a line that the enclave’s log writes', () => {
    const lines: string[] = [];
    createEnclaveLog((line) => lines.push(line)).write('info', 'message_handled', ENCLAVE_FIELDS);
    expect(readEnclaveEvent(lines[0]!)).toEqual({
      level: 'info',
      event: 'message_handled',
      enclaveTime: expect.any(String) as string,
      fields: ENCLAVE_FIELDS,
      droppedFields: 0,
    });
  });

  it('keeps every field that the source of init writes, with its type', () => {
    const folder = join(workspaceRoot(), 'image/init/src');
    const source = readdirSync(folder)
      .filter((file) => file.endsWith('.c'))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n');
    const written = fieldsOf(source);
    expect(written.get('differenceMs')).toBe(-1.7e12);
    expect(written.get('hypervisorClock')).toBe(true);
    expect(written.get('moreThanBytes')).toBe(-1.7e12);
    for (const [name, value] of written) {
      const line = JSON.stringify({ level: 'info', source: 'init', event: 'x', [name]: value });
      expect({ name, read: readEnclaveEvent(line) }).toMatchObject({
        name,
        read: { fields: { [name]: value }, droppedFields: 0 },
      });
    }
  });

  it('loses a field of init that the collector does not know or expects with another type', () => {
    const source = 'say("info", "x", "\\"newField\\":%d,\\"path\\":%d", 1, 2);';
    expect([...fieldsOf(source)]).toEqual([
      ['newField', -1.7e12],
      ['path', -1.7e12],
    ]);
    expect(readEnclaveEvent('{"level":"info","event":"x","newField":1,"path":2}')?.droppedFields).toBe(2);
  });

  it('names init as its part if init wrote it', () => {
    expect(
      readEnclaveEvent(
        '{"level":"info","time":1795349091123,"source":"init","event":"app_started","pid":7,"uid":1000}',
      ),
    ).toEqual({
      level: 'info',
      event: 'app_started',
      part: 'init',
      enclaveTime: '2026-11-22T12:04:51.123Z',
      fields: { pid: 7, uid: 1000 },
      droppedFields: 0,
    });
  });

  it.each([-1, 1e15, 1.5e300])('has no time if the line’s time is %d', (time) => {
    expect(readEnclaveEvent(JSON.stringify({ level: 'info', time, event: 'x' }))).toEqual({
      level: 'info',
      event: 'x',
      fields: {},
      droppedFields: 0,
    });
  });

  it('is also read from a fatal line, the last before the enclave ends', () => {
    expect(
      readEnclaveEvent('{"level":"fatal","event":"enclave_failed","name":"NsmError","code":"ERR_NSM"}'),
    ).toMatchObject({ level: 'fatal', fields: { name: 'NsmError', code: 'ERR_NSM' } });
    expect(
      readEnclaveEvent('{"level":"fatal","event":"environment_refused","variables":["NODE_OPTIONS"]}'),
    ).toMatchObject({ fields: { variables: ['NODE_OPTIONS'] } });
  });

  it.each([
    ['an unknown field', { message: 'Dear Senator' }],
    ['a text in place of a number', { count: 'Dear Senator' }],
    ['an object in place of a text', { code: { text: 'Dear Senator' } }],
    ['a long text', { code: 'Dear Senator '.repeat(20) }],
    ['control characters', { code: 'Dear Senator\u001b[2J' }],
    ['a text in place of a list of names', { variables: ['Dear Senator'] }],
    ['the name of a prototype property', { constructor: 'Dear Senator' }],
    ['an unknown source', { source: 'Dear Senator' }],
  ])('loses %s', (_what, fields) => {
    const event = readEnclaveEvent(
      JSON.stringify({ time: 'Dear Senator', level: 'info', event: 'message_handled', ...fields, bytes: 1 }),
    );
    expect(event).toEqual({ level: 'info', event: 'message_handled', fields: { bytes: 1 }, droppedFields: 1 });
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    '{}',
    '{"level":"info"}',
    '{"level":"loud","event":"x"}',
    '{"level":"info","event":"Dear Senator"}',
    '{"level":"info","event":1}',
    'Dear Senator',
    '[    0.000000] Linux version',
    `${'['.repeat(8000)}`,
    '{"__proto__":{"level":"info","event":"x"}}',
  ])('is not read from: %.60s', (line) => {
    expect(readEnclaveEvent(line)).toBeUndefined();
  });
});

/** Returns the members of init's log lines, each with a value of the type that its format writes. */
function fieldsOf(source: string): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [, name = '', format = ''] of source.matchAll(/\\"([A-Za-z]+)\\":(\\"|%s|%l{0,2}[dux]|[0-9])/g))
    fields.set(name, format === '\\"' ? 'text' : format === '%s' ? true : -1.7e12);
  for (const [, name = ''] of source.matchAll(/\\"%s\\":%d", [^;]*\? "([A-Za-z]+)"/g)) fields.set(name, -1.7e12);
  for (const [, name = ''] of source.matchAll(/event_line\("[a-z]+", "[a-z_]+", "([A-Za-z]+)"/g))
    fields.set(name, -1.7e12);
  for (const head of ['level', 'time', 'source', 'event']) fields.delete(head);
  return fields;
}
