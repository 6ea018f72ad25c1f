import { workspaceRoot } from '@communique-tee/testing/harness';
import { RESOURCE_RULES, STACK_RULES } from '../rules';
import { runCheck } from './run-check';

const root = workspaceRoot();
const streams = () => {
  const said = { out: '', err: '' };
  return {
    out: (text: string) => {
      said.out += text;
    },
    err: (text: string) => {
      said.err += text;
    },
    said,
  };
};

it.each(['dev', 'staging', 'prod'])('holds every rule: %s', async (stack) => {
  const to = streams();
  expect(await runCheck(['--stack', stack, '--without-image'], to, root)).toBe(0);
  expect(to.said.out).toContain('every rule holds');
  expect(to.said.out).toContain('No image was looked at');
});

it('says so as JSON', async () => {
  const to = streams();
  expect(await runCheck(['--stack', 'prod', '--without-image', '--json'], to, root)).toBe(0);
  expect(JSON.parse(to.said.out)).toMatchObject({
    stack: 'prod',
    imageIsMadeUp: true,
    violations: [],
    rules: [...RESOURCE_RULES, ...STACK_RULES].map(({ name }) => name),
  });
});

it('names every rule in its help', async () => {
  const to = streams();
  expect(await runCheck(['--help'], to, root)).toBe(0);
  for (const { name } of RESOURCE_RULES) expect(to.said.out).toContain(name);
});

it.each([
  [['--stack', 'nowhere'], 2],
  [['--unknown'], 2],
  [['--without-image', '--config', 'instanceType=t4g.small'], 1],
])('%p ends with %d', async (args, code) => {
  const to = streams();
  expect(await runCheck(args, to, root)).toBe(code);
  expect(to.said.err.length).toBeGreaterThan(0);
});
