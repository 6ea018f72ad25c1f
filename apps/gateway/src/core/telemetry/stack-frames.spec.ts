import { workspaceRoot } from '@communique-tee/testing/harness';
import { stackFrames } from './stack-frames';

const FOLDER = workspaceRoot();
const HERE = 'apps/gateway/src/core/telemetry/stack-frames.spec.ts';
const SECRET = 'sesame';
const FORGED = `x\n    at ${SECRET} (${FOLDER}/${SECRET}.js:1:2)\n    at ${SECRET} (node:${SECRET}:3:4)\n    at ${SECRET}`;

describe('the frames of an error', () => {
  it('are functions and places relative to the program, the innermost first', () => {
    function fails(): Error {
      return new TypeError(SECRET);
    }
    const [first, ...rest] = stackFrames(fails(), FOLDER);
    expect(first).toEqual({
      function: 'fails',
      filename: HERE,
      lineno: expect.any(Number) as number,
      colno: expect.any(Number) as number,
      in_app: true,
    });
    expect(rest.some(({ in_app: inApp }) => !inApp)).toBe(true); // frames of jest
    expect(JSON.stringify(rest)).not.toContain(FOLDER);
  });

  it('are never taken from a message that imitates frames', () => {
    const frames = stackFrames(new Error(FORGED), FOLDER);
    expect(frames[0]?.filename).toBe(HERE);
    expect(JSON.stringify(frames)).not.toContain(SECRET);
  });

  it.each<[string, (error: Error) => void]>([
    [
      'replaced',
      (error) => {
        error.message = 'something else';
      },
    ],
    [
      'emptied',
      (error) => {
        error.message = '';
      },
    ],
    [
      'replaced by a number',
      (error) => {
        Object.assign(error, { message: 7 });
      },
    ],
  ])('have places but no function names after the message was %s', (_, change) => {
    const error = new Error(FORGED);
    expect(error.stack).toContain(SECRET); // V8 builds the stack when it is first read
    change(error);
    expect(stackFrames(error, FOLDER)).toEqual([]);
    error.stack = `Error: y\n    at ${SECRET} (${FOLDER}/main.js:10:20)`;
    expect(stackFrames(error, FOLDER)).toEqual([{ filename: 'main.js', lineno: 10, colno: 20, in_app: true }]);
  });

  it('exclude files outside the program, evaluated code, malformed lines and very long lines', () => {
    const error = new Error('m');
    const frames = (lines: string) => {
      error.stack = `Error: m\n${lines}`;
      return stackFrames(error, FOLDER);
    };
    expect(
      frames(
        `    at a (/etc/${SECRET}.js:1:1)\n    at eval (eval at x (/a.js:1:1), <anonymous>:1:1)\n    at <anonymous>\n    at b (${FOLDER}/a b.js:1:1)\n    at c (file://${FOLDER}/d.js:5:6)`,
      ),
    ).toEqual([{ function: 'c', filename: 'd.js', lineno: 5, colno: 6, in_app: true }]);
    expect(frames(`    at ${'x'.repeat(2_000_000)}`)).toEqual([]);
    expect(frames(`    at new Some.thing [as other] (node:internal/process/task_queues:95:5)`)).toEqual([
      {
        function: 'new Some.thing [as other]',
        filename: 'node:internal/process/task_queues',
        lineno: 95,
        colno: 5,
        in_app: false,
      },
    ]);
    error.stack = '';
    expect(stackFrames(error, FOLDER)).toEqual([]);
  });

  it('are also found for an error with a code in its header, and for one without a message', () => {
    const coded = (() => {
      try {
        new URL('no url');
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(coded).toMatchObject({ code: 'ERR_INVALID_URL' });
    expect(stackFrames(coded as Error, FOLDER).some(({ filename }) => filename === HERE)).toBe(true);
    const silent = Object.assign(new Error(), { stack: `Error\n    at f (${FOLDER}/a.js:1:2)` }); // as V8 writes it; jest writes another header
    expect(stackFrames(silent, FOLDER)).toMatchObject([{ function: 'f', filename: 'a.js' }]);
  });
});
