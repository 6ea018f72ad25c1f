import { allowedFields } from './log-fields';
import { openLogDestination } from './log-destination';
import { Logger } from './logger';
import { NestLogger } from './nest-logger';
import { withRequestId } from './request-context';

const SECRET = 'sesame open';

function listening(level: 'info' | 'debug' = 'info') {
  const lines: string[] = [];
  const logger = new Logger({ log: { level } }, { write: (line) => lines.push(line) });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

describe('a log line', () => {
  it('contains the event, the allowed fields and the id of the request', () => {
    const { logger, last } = listening();
    withRequestId('0b0e', () => {
      logger.info({ messageId: 'abc', durationMs: 1.5, status: 202 }, 'message accepted');
    });
    expect(last()).toMatchObject({
      level: 'info',
      app: 'gateway',
      requestId: '0b0e',
      messageId: 'abc',
      durationMs: 1.5,
      status: 202,
      msg: 'message accepted',
    });
    logger.debug({}, 'too quiet');
    expect(last()['msg']).toBe('message accepted');
  });

  it('leaves out a field that is unknown or has the wrong form', () => {
    const fields = {
      body: SECRET,
      authorization: SECRET,
      messageId: SECRET,
      code: `x\n${SECRET}`,
      route: '/a?b=sesame',
      durationMs: SECRET,
      host: 'a b',
      count: Number.NaN,
    } as object;
    expect(allowedFields(fields)).toEqual({});
  });

  it('writes the class, code and frames of an error, and not its message', () => {
    const { logger, lines, last } = listening();
    const cause = Object.assign(new TypeError(`bad ${SECRET}`), { code: 'ERR_X' });
    logger.error({ err: new Error(`failed: ${SECRET}\n    at ${SECRET}`, { cause }) }, 'request failed');
    expect(last()['err']).toMatchObject({
      type: 'Error',
      cause: {
        type: 'TypeError',
        code: 'ERR_X',
        frames: expect.arrayContaining([expect.stringMatching(/^at /)]) as string[],
      },
    });
    logger.error({ err: SECRET }, 'request failed');
    new NestLogger(logger).error(SECRET, SECRET, 'ExceptionsHandler');
    new NestLogger(logger).log(SECRET);
    const changed = new Error(`x\n    at ${SECRET}`);
    expect(changed.stack).toContain(SECRET); // V8 builds the stack when it is first read
    changed.message = 'y';
    logger.error({ err: changed }, 'request failed');
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('is lost without an error if its destination cannot be written', () => {
    const logger = new Logger({ log: { level: 'info' } }, openLogDestination('/dev/full'));
    for (let line = 0; line < 3; line++)
      expect(() => {
        logger.info({}, 'message accepted');
      }).not.toThrow();
  });
});
