import { pass, Unavailable, type Check, type Finding } from '../check';
import { configuration } from '../here/check-configuration';
import { preflight } from '../testing/look';

const check = (name: string, run: Check['run'], more: Partial<Check> = {}): Check => ({
  name,
  title: name,
  group: 'here',
  network: false,
  run,
  ...more,
});
const never = () => new Promise<Finding>(() => undefined);

it('runs every check even if others throw or hang, and reports them in the order of the list', async () => {
  const checks = [
    check('slow', () => new Promise((resolve) => setTimeout(resolve, 50, pass('done late')))),
    check('throws', () => Promise.reject(new TypeError('canary'))),
    check('hangs', never),
    check('absent', () => Promise.reject(new Unavailable('not to be had'))),
    check('many', () => Promise.resolve([pass('one'), pass('two')])),
    check('none', () => Promise.resolve([])),
  ];
  const { code, out } = await preflight(['--stack', 'prod', '--timeout', '1'], { checks });
  expect(code).toBe(1);
  expect(
    out
      .split('\n')
      .flatMap((line) => (/^ {2}(pass|warn|FAIL|skip)/.test(line) ? [line.trim().replace(/\s+/g, ' ')] : [])),
  ).toEqual([
    'pass slow done late',
    'FAIL throws the check itself went wrong (TypeError)',
    'FAIL hangs did not answer within 1 s; not checked',
    'skip absent not to be had',
    'pass many one',
    'pass two',
    'skip none nothing to look at',
  ]);
  expect(out).not.toContain('canary');
});

it('aborts a check’s signal after the time limit', async () => {
  let aborted = false;
  await preflight(['--stack', 'prod', '--timeout', '1'], {
    checks: [check('hangs', ({ signal }) => (signal.addEventListener('abort', () => (aborted = true)), never()))],
  });
  expect(aborted).toBe(true);
});

it('never runs more than eight checks at once', async () => {
  let [now, most] = [0, 0];
  const one = async () => {
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now -= 1;
    return pass('x');
  };
  const { code } = await preflight(['--stack', 'prod'], {
    checks: Array.from({ length: 30 }, (_x, at) => check(`c${String(at)}`, one)),
  });
  expect(code).toBe(0);
  expect(most).toBe(8);
});

it('with --offline, runs no check that uses the network, and does not ask AWS', async () => {
  const checks = [
    check('net', () => Promise.reject(new Error('asked')), { network: true }),
    check('here', ({ account }) => account().then(() => pass('x'))),
  ];
  const { code, out } = await preflight(['--stack', 'prod', '--offline'], { checks });
  expect(code).toBe(0);
  expect(out).toMatch(/skip {2}net +not asked \(--offline\)/);
  expect(out).toMatch(/skip {2}here +AWS is not asked/);
});

it('reports a time-out, not a wrong configuration, if the preview takes too long', async () => {
  const checks = [configuration, check('needy', () => Promise.resolve(pass('x')), { needs: ['plan'] })];
  const { code, out } = await preflight(['--stack', 'prod', '--timeout', '1'], {
    checks,
    ports: {
      runProgram: () => new Promise(() => undefined),
      startTimer: (_ms, over) => (setImmediate(over), () => undefined),
    },
  });
  expect(code).toBe(1);
  expect(out).toMatch(/FAIL {2}configuration +.*did not answer within 1 s; not checked/);
  expect(out).not.toContain('change it in');
  expect(out).toMatch(/skip {2}needy +the stack’s configuration was not checked in time: see configuration/);
});

describe('a check that needs a plan, while the plan is refused', () => {
  const needy = check('needy', () => Promise.resolve(pass('x')), { needs: ['plan'] });
  const refusing = { runProgram: () => Promise.resolve({ code: 1, stdout: '', stderr: '  - no\n' }) };

  it('is skipped if the check configuration runs, which fails and says why', async () => {
    const { code, out } = await preflight(['--stack', 'prod'], { checks: [configuration, needy], ports: refusing });
    expect(code).toBe(1);
    expect(out).toMatch(/FAIL {2}configuration +no\n/);
    expect(out).toMatch(/skip {2}needy +.*see configuration\n/);
  });

  it('fails if the check configuration does not run', async () => {
    const { code, out } = await preflight(['--stack', 'prod'], { checks: [needy], ports: refusing });
    expect(code).toBe(1);
    expect(out).toMatch(/FAIL {2}needy +.*see configuration; not checked\n/);
  });
});
