import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Command } from 'commander';
import { load } from 'js-yaml';
import { z } from 'zod';

import { state } from './module-state';

/** Changes that could outlast a spec file. `leave` makes a change; `isThere` detects it in the next file. */
const LEAKS: readonly (readonly [what: string, isThere: () => boolean, leave: () => void])[] = [
  ['a new environment variable', () => 'LEAK' in process.env, () => (process.env['LEAK'] = 'yes')],
  [
    'a changed environment variable',
    () => process.env['NODE_ENV'] !== 'test',
    () => (process.env['NODE_ENV'] = 'leak'),
  ],
  ['a deleted environment variable', () => !('PATH' in process.env), () => delete process.env['PATH']],
  [
    'a replaced environment',
    () => process.env['LEAK_OF_ALL'] !== undefined,
    () => (process.env = { LEAK_OF_ALL: 'yes' }),
  ],
  ['a new global', () => 'leak' in globalThis, () => Object.assign(globalThis, { leak: true })],
  ['a global that cannot be deleted', () => value('fixed') !== undefined, () => fix('fixed')],
  [
    'a replaced global',
    () => !String(fetch).includes('fetch'),
    () => (globalThis.fetch = () => Promise.reject(new Error('leak'))),
  ],
  [
    'a deleted global',
    () => !('structuredClone' in globalThis),
    () => Reflect.deleteProperty(globalThis, 'structuredClone'),
  ],
  [
    'a listener of the process',
    () => process.listenerCount('SIGUSR2') > 0,
    () => process.on('SIGUSR2', () => undefined),
  ],
  ['an exit code', () => process.exitCode !== undefined, () => (process.exitCode = 3)],
  ['other arguments of the process', () => process.argv[1] === 'leak', () => (process.argv = ['node', 'leak'])],
  ['another folder', () => process.cwd() === '/', () => process.chdir('/')],
  ['another file mode mask', () => process.umask() === 0o707, () => process.umask(0o707)],
  ['another length of stacks', () => Error.stackTraceLimit === 1, () => (Error.stackTraceLimit = 1)],
  ['fake timers', () => 'clock' in setTimeout, () => jest.useFakeTimers()],
  [
    'a matcher',
    () => 'toLeak' in expect(1),
    () => expect.extend({ toLeak: () => ({ pass: true, message: () => '' }) }),
  ],
  ['an equality tester', () => equals('one', 'other'), () => addEqualityTesters([() => true])],
  [
    "a spy on a package's function",
    () => jest.isMockFunction(Command.prototype.parse),
    () => jest.spyOn(Command.prototype, 'parse'),
  ],
  ['a logger', () => Reflect.get(Logger, 'staticInstanceRef') === undefined, () => Logger.overrideLogger(false)],
  ['a mock of a package', () => 'isMock' in required('saxes'), () => jest.doMock('saxes', () => ({ isMock: true }))],
  ['state of our own module', () => state.uses > 0, () => (state.uses += 1)],
];

const value = (name: string): unknown => Reflect.get(globalThis, name);
const fix = (name: string) =>
  Reflect.defineProperty(globalThis, name, { value: 1, writable: true, configurable: false });
// eslint-disable-next-line @typescript-eslint/no-require-imports -- through jest, each time
const required = (name: string) => require(name) as object;
// Jest's types lack this function
const addEqualityTesters = (testers: unknown[]) => {
  (expect as unknown as { addEqualityTesters(testers: unknown[]): void }).addEqualityTesters(testers);
};
const equals = (one: unknown, other: unknown) => {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
};

it.each(LEAKS)('does not see %s that another spec file left', (_what, isThere) => {
  expect(isThere()).toBe(false);
});

it('can wait with node:timers/promises while timers are fake', async () => {
  jest.useFakeTimers();
  await sleep(1);
  await new Response('text').text();
  jest.useRealTimers();
});

it('uses the same classes as Node and packages', () => {
  expect(() => readFileSync('/nowhere')).toThrow(Error);
  expect(new TextEncoder().encode('a')).toBeInstanceOf(Uint8Array);
  expect(load('[1]')).toBeInstanceOf(Array);
  expect(z.instanceof(Date).safeParse(new Date()).success).toBe(true);
});

// All spec files of a jest worker share this class, so the class can count the files
const files = Number(Reflect.get(Command, 'files') ?? 0) + 1;
Reflect.set(Command, 'files', files);
it(`is spec file ${String(files)} that uses commander in this worker`, () => undefined);

it('makes every change of the list', () => {
  for (const [what, isThere, leave] of LEAKS) {
    leave();
    if (what !== 'a mock of a package') expect([what, isThere()]).toEqual([what, true]);
  }
});
