import { workspaceRoot } from '@communique-tee/testing/harness';
import { AWS_API } from '../aws-api/check-resources';
import { RESOURCE_RULES, STACK_RULES } from '../rules';
import { runCheck } from './run-check';

const root = workspaceRoot();
const WITHOUT_IMAGE = { stack: 'dev', config: [], json: false, withoutImage: true };
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

it.each(['dev', 'staging', 'prod'])('exits with 0 for stack %s, which breaks no rule', async (stack) => {
  const to = streams();
  expect(await runCheck({ ...WITHOUT_IMAGE, stack }, to, root)).toBe(0);
  expect(to.said.out).toContain('every rule holds');
  expect(to.said.out).toContain('No image was read');
});

it('prints the rules and no violation as JSON', async () => {
  const to = streams();
  expect(await runCheck({ ...WITHOUT_IMAGE, stack: 'prod', json: true }, to, root)).toBe(0);
  expect(JSON.parse(to.said.out)).toMatchObject({
    stack: 'prod',
    imageIsMadeUp: true,
    violations: [],
    rules: [...RESOURCE_RULES, ...STACK_RULES, AWS_API].map(({ name }) => name),
  });
});

it.each([
  [{ stack: 'nowhere' }, 2],
  [{ config: ['instanceType=t4g.small'] }, 1],
])('%p makes the check exit with %d', async (options, code) => {
  const to = streams();
  expect(await runCheck({ ...WITHOUT_IMAGE, ...options }, to, root)).toBe(code);
  expect(to.said.err.length).toBeGreaterThan(0);
});
