import { ruleNames } from '@communique-tee/infra-commands';
import { CommandLine } from '@communique-tee/command-line';
import { check, cost, preview } from './stack-commands';

const commands = { preview, check, cost };

async function run(name: keyof typeof commands, args: readonly string[]) {
  let out = '';
  let err = '';
  const streams = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const line = new CommandLine(name, '', streams);
  commands[name](line.program, line, streams);
  return { code: await line.parse(args), out, err };
}

it('hands the options on to infra', async () => {
  const shown = await run('preview', ['--stack', 'dev', '--without-image', '--json', '--config', 'instances=1']);
  expect(JSON.parse(shown.out)).toMatchObject({ stack: 'dev', imageIsMadeUp: true });
  expect(shown.code).toBe(0);
  expect(
    await run('check', ['--stack', 'prod', '--without-image', '--config', 'instanceType=t4g.small']),
  ).toMatchObject({
    code: 1,
  });
  const { code, out } = await run('cost', ['--stack', 'prod', '--savings-rate', '0.09']);
  expect(code).toBe(0);
  expect(out).toContain('It would save 33.58 a month');
});

it.each(['preview', 'check', 'cost'] as const)('%s does not understand wrong arguments', async (name) => {
  for (const args of [['--nonsense'], ['--stack', '../etc'], ['--stack', 'none'], ['--config', 'nothing'], ['prod']])
    expect(await run(name, args)).toMatchObject({ code: 2, out: '' });
  expect((await run(name, ['--stak', 'prod'])).err).toContain('Did you mean --stack?');
});

it('lists every key, and every rule, in the help', async () => {
  const keys = await run('preview', ['--help', '--nonsense']);
  expect(keys.code).toBe(0);
  for (const key of [
    'instanceType',
    'enclaveCpuCount',
    'enclaveMemoryMiB',
    'database',
    'redis',
    'domain',
    'acceptedPcr0',
  ])
    expect(keys.out).toContain(key);
  const rules = await run('check', ['--help']);
  expect(rules.out).toContain(ruleNames());
  expect(ruleNames().split('\n').length).toBeGreaterThan(10);
});
