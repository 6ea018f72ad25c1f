import { workspaceRoot } from '@communique-tee/testing/harness';
import { DatabaseError } from 'pg';
import { ProblemError } from '../../problems/problem-error';
import { allowedFields, type LogFields } from '../log-fields';
import { errorEvent } from './error-event';

const PROGRAM = { folder: workspaceRoot(), release: 'communique-gateway@0123456789ab', environment: 'test' };
const SECRET = 'xSesamex';
const REQUEST_ID = '5c0e4b1c-3d63-4c3e-8d15-6d7a0a4f8f11';

function eventOf({ err, ...fields }: LogFields, event = 'request failed') {
  return errorEvent({ event, err, fields: allowedFields(fields), requestId: REQUEST_ID, atMs: 1_000_500 }, PROGRAM);
}

describe('a report', () => {
  it('has only the fields listed here', () => {
    const cause = Object.assign(new RangeError(SECRET), { code: 'ERR_OUT_OF_RANGE' });
    const event = eventOf({
      err: new TypeError(SECRET, { cause }),
      code: 'internal_error',
      status: 500,
      method: 'POST',
      route: '/api/messages',
      messageId: 'm',
      durationMs: 3,
    });
    const exception = (type: string) => ({
      type,
      value: 'internal_error',
      mechanism: { type: 'generic', handled: true },
      stacktrace: { frames: expect.any(Array) as unknown },
    });
    expect(event).toEqual({
      event_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      timestamp: 1000.5,
      platform: 'node',
      level: 'error',
      logger: 'gateway',
      release: PROGRAM.release,
      environment: 'test',
      logentry: { message: 'request failed' },
      transaction: '/api/messages',
      exception: {
        values: [
          { ...exception('RangeError'), value: 'ERR_OUT_OF_RANGE' },
          { ...exception('TypeError'), value: 'request failed' },
        ],
      },
      tags: {
        service: 'communique-gateway',
        code: 'internal_error',
        method: 'POST',
        route: '/api/messages',
        request_id: REQUEST_ID,
      },
      fingerprint: [
        'request failed',
        'TypeError ',
        'RangeError ERR_OUT_OF_RANGE',
        'internal_error',
        '',
        expect.stringMatching(/^(Object\.<anonymous>|apps\/.*:[0-9]+:[0-9]+)$/) as string,
      ],
    });
    expect(event.exception?.values?.[1]?.stacktrace?.frames?.at(-1)).toMatchObject({
      filename: 'apps/gateway/src/core/telemetry/errors/error-event.spec.ts',
      in_app: true,
    });
  });

  it('names codes that are known to be codes', () => {
    const coded = (code: unknown) => eventOf({ err: Object.assign(new Error('x'), { code }) }).tags?.['code'];
    for (const code of [
      'ECONNREFUSED',
      'ENOTFOUND',
      'ERR_JWT_EXPIRED',
      'FST_ERR_CTP_BODY_TOO_LARGE',
      'UND_ERR_CONNECT_TIMEOUT',
      'P2002',
    ])
      expect(coded(code)).toBe(code);
    expect(eventOf({ err: new ProblemError('internal_error') }).tags?.['code']).toBe('internal_error');
    for (const code of [
      SECRET,
      'AKIAIOSFODNN7EXAMPLE',
      '94601',
      'ERR_lower',
      'ERR_X ',
      7,
      { toString: () => 'ECONNREFUSED' },
      '__proto__',
    ])
      expect(coded(code)).toBeUndefined();
  });

  it('names the SQLSTATE, whichever property or cause contains it', () => {
    const adapter = (originalCode: string) =>
      Object.assign(new Error(SECRET), {
        code: 'P2010',
        meta: {
          query: SECRET,
          driverAdapterError: Object.assign(new Error(SECRET), {
            cause: { originalCode, originalMessage: SECRET, kind: 'postgres' },
          }),
        },
      });
    const driver = Object.assign(new DatabaseError(SECRET, 1, 'error'), {
      code: '23505',
      detail: SECRET,
      where: SECRET,
    });
    expect(eventOf({ err: adapter('22P02') }).tags).toMatchObject({ code: 'P2010', sqlstate: '22P02' });
    expect(eventOf({ err: new Error('x', { cause: driver }) }).tags).toMatchObject({ sqlstate: '23505' });
    expect(eventOf({ err: adapter('94601') }).tags).not.toHaveProperty('sqlstate'); // a ZIP code; no class of SQLSTATE
    expect(eventOf({ err: Object.assign(new Error('x'), { code: '23505' }) }).tags).not.toHaveProperty('sqlstate');
    expect(JSON.stringify([eventOf({ err: adapter('22P02') }), eventOf({ err: driver })])).not.toContain(SECRET);
  });

  const hostile: [string, () => unknown][] = [
    ['a message', () => new Error(SECRET)],
    [
      'a message that looks like a stack',
      () => new Error(`x\n    at ${SECRET} (${PROGRAM.folder}/main.js:1:1)\n    at ${SECRET}`),
    ],
    ['a name', () => Object.assign(new Error('x'), { name: SECRET })],
    ['a code', () => Object.assign(new Error('x'), { code: SECRET })],
    [
      'properties',
      () =>
        Object.assign(new Error('x'), {
          body: SECRET,
          headers: { authorization: SECRET },
          meta: { code: SECRET },
          request: { body: SECRET },
          [SECRET]: 1,
        }),
    ],
    [
      'a cause',
      () =>
        new Error('x', { cause: new Error(SECRET, { cause: Object.assign(new Error(SECRET), { [SECRET]: SECRET }) }) }),
    ],
    [
      'a cause that is not an error',
      () => new Error('x', { cause: { message: SECRET, code: SECRET, originalCode: SECRET } }),
    ],
    ['errors inside', () => new AggregateError([new Error(SECRET)], SECRET)],
    ['toJSON and toString', () => Object.assign(new Error('x'), { toJSON: () => SECRET, toString: () => SECRET })],
    ['text', () => SECRET],
    ['an object', () => ({ message: SECRET, stack: SECRET, name: SECRET })],
    [
      'a stack',
      () => Object.assign(new Error('x'), { stack: `${SECRET}\n${SECRET}\n    at ${SECRET} (${SECRET}:1:1)` }),
    ],
    [
      'getters that throw',
      () =>
        Object.defineProperty(new Error(SECRET), 'code', {
          get: () => {
            throw new Error(SECRET);
          },
        }),
    ],
    [
      'a stack that throws',
      () =>
        Object.defineProperty(new Error(SECRET), 'stack', {
          get: () => {
            throw new Error(SECRET);
          },
        }),
    ],
    [
      'a proxy',
      () =>
        new Proxy(new Error(SECRET), {
          get: () => {
            throw new Error(SECRET);
          },
          getPrototypeOf: () => {
            throw new Error(SECRET);
          },
        }),
    ],
    [
      'a circle',
      () => {
        const error = new Error(SECRET);
        error.cause = error;
        return error;
      },
    ],
    ['no class', () => Object.assign(Object.setPrototypeOf(new Error(SECRET), null) as object, { x: SECRET })],
  ];
  it.each(hostile)('contains no part of %s', (_, thrown) => {
    const event = eventOf({ err: thrown(), code: 'internal_error', status: 500 });
    expect(JSON.stringify(event)).not.toContain(SECRET);
    expect(event.logentry?.message).toBe('request failed');
  });

  it('contains no part of fields that are malformed', () => {
    const odd = {
      code: `${SECRET} 1`,
      route: `/x?${SECRET}`,
      method: SECRET,
      component: SECRET,
      messageId: SECRET,
      moduleId: SECRET,
      body: SECRET,
    } as LogFields;
    const event = errorEvent(
      { event: 'request failed', err: new Error('x'), fields: allowedFields(odd), requestId: SECRET, atMs: 0 },
      PROGRAM,
    );
    expect(JSON.stringify(event)).not.toContain(SECRET);
    expect(event.tags).toEqual({ service: 'communique-gateway' });
  });
});
