import { TestGateway } from '@communique-tee/client/testing';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCaller } from '../testing/call';

const CLASS = {
  id: 'small',
  provider: 'openai' as const,
  model: 'gpt-6-luna',
  tasks: ['draft' as const, 'subject' as const],
  maxOutputTokens: 1024,
};

describe('agent', () => {
  const { call } = createCaller();
  let folder: TemporaryFolder;
  let gateway: TestGateway;
  let letter: string;
  let policy: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    gateway = await TestGateway.start();
    gateway.agents.classes = [CLASS];
    letter = folder.file('letter.txt');
    writeFileSync(letter, 'Please keep\r\nour parks open.\r\n');
    policy = folder.file('policy.json');
    const { unsafeDevelopmentRootPem = '', acceptedMeasurements } = gateway.policy;
    writeFileSync(folder.file('root.pem'), unsafeDevelopmentRootPem);
    writeFileSync(policy, JSON.stringify({ acceptedMeasurements, developmentRoot: 'root.pem' }));
  });
  afterEach(async () => {
    await gateway.stop();
    await folder.remove();
  });

  const ask = (...argv: string[]) =>
    call(['agent', ...argv, '--policy', policy], {
      environment: { COMMUNIQUE_TOKEN: 'token', COMMUNIQUE_GATEWAY: gateway.url },
    });

  it('prints only the text on standard output, and the verified cost on standard error, and exits with 0', async () => {
    const { exit, out, err } = await ask('draft', '--message', letter);
    expect([exit, out]).toEqual([0, 'Dear Senator\n']);
    for (const shown of [
      'openai reads the text',
      'costs at most 3588 micro-dollars of your day’s budget',
      'VERIFIED',
      '700 input',
      '41 output',
      '91 micro-dollars',
      'calculated again',
    ])
      expect(err).toContain(shown);
    expect(gateway.agents.asked).toMatchObject([
      { task: 'draft', language: 'en', text: 'Please keep\nour parks open.\n', subject: null, maxOutputTokens: 1024 },
    ]);
  });

  it('passes on subject and body of a message file, and the options', async () => {
    const message = join(workspaceRoot(), 'docs/examples/message.json');
    const { exit, out } = await ask(
      ...['subject', '--message', message, '--model', 'small', '--language', 'es', '--max-output', '128', '--json'],
    );
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'complete',
      text: 'Dear Senator',
      charged_micro_usd: '91',
      cost_checked: true,
      statement: { model: 'gpt-6-luna' },
    });
    const [asked] = gateway.agents.asked;
    expect(asked).toMatchObject({ task: 'subject', language: 'es', maxOutputTokens: 128 });
    expect(asked?.subject).toMatch(/\w/);
    expect(asked?.text).toMatch(/\w/);
  });

  it('warns if the text was cut, and replaces control characters', async () => {
    gateway.agents.answer = { outcome: 'cut', text: 'Dear\u001b[31m Sen', problem: null };
    gateway.agents.end = 'cut';
    const { exit, out, err } = await ask('draft', '--message', letter);
    expect([exit, out]).toEqual([0, 'Dear?[31m Sen\n']);
    expect(err).toContain('WARNING  the text stops at the maximum output: it is not whole');
  });

  it.each([
    ['refused', 'refused', 1],
    ['answer_rejected', 'answer_rejected', 1],
    ['provider_failed', 'lost', 3],
  ] as const)('prints why there is no text: %s', async (outcome, end, expected) => {
    gateway.agents.answer = { outcome, text: null, problem: 'lost' };
    gateway.agents.end = end;
    const { exit, out, err } = await ask('draft', '--message', letter);
    expect([exit, out]).toEqual([expected, '']);
    expect(err).toContain(`NO TEXT  ${outcome} (lost)`);
    expect(err).toContain('VERIFIED');
  });

  it('exits with 1 if the usage statement charges too much', async () => {
    gateway.agents.tamperClaims = (claims) => ({ ...claims, cost_micro_usd: '92' });
    const { exit, out, err } = await ask('draft', '--message', letter);
    expect([exit, out]).toEqual([1, '']);
    expect(err).toContain('receipt_refused (ERR_STATEMENT_COST)');
  });

  it('lists the models that the enclave attests', async () => {
    gateway.agents.off.add('small');
    const { exit, out } = await ask('--list');
    expect([exit, out]).toEqual([
      0,
      'small  openai gpt-6-luna  draft, subject  at most 1024 tokens  off now, the gateway reports\n',
    ]);
    expect(JSON.parse((await ask('--list', '--json')).out)).toEqual({ models: [{ ...CLASS, available: false }] });
  });

  it.each<[string, string[], number, string]>([
    ['no task', [], 2, 'name a task'],
    ['an unknown task', ['chat', '--message', 'letter'], 2, 'name a task'],
    ['no file', ['draft'], 2, '--message'],
    ['a task that no model takes', ['review', '--message', 'letter'], 1, 'no model'],
    ['a model that is not attested', ['draft', '--message', 'letter', '--model', 'large'], 1, 'no model'],
    ['a --max-output that is not a number', ['draft', '--message', 'letter', '--max-output', 'all'], 2, '--max-output'],
    [
      'a --max-output between two steps',
      ['draft', '--message', 'letter', '--max-output', '100'],
      2,
      '/maxOutputTokens',
    ],
    ['too long a text', ['draft', '--message', 'long'], 2, 'at most 16384 bytes'],
    ['a language with a country', ['draft', '--message', 'letter', '--language', 'en-US'], 2, '/language'],
  ])('sends no request with %s', async (_name, argv, expected, said) => {
    writeFileSync(folder.file('long'), 'a'.repeat(16_385));
    const files: Record<string, string> = { letter, long: folder.file('long') };
    const { exit, out, err } = await ask(...argv.map((each) => files[each] ?? each));
    expect([exit, out]).toEqual([expected, '']);
    expect(err).toContain(said);
    expect(gateway.agents.posted).toEqual([]);
  });

  it('asks for --model if several models take the task', async () => {
    gateway.agents.classes = [CLASS, { ...CLASS, id: 'other' }];
    expect(await ask('draft', '--message', letter)).toMatchObject({
      exit: 2,
      err: expect.stringContaining('name one with --model: small (draft, subject); other') as string,
    });
  });

  it('refuses a file that is neither text nor a message, without quoting it', async () => {
    for (const content of [
      '{"secret words',
      '{"offices":["secret words"]}',
      '{"message":{"subject":"secret words"}}',
    ]) {
      writeFileSync(letter, content);
      const { exit, out, err } = await ask('draft', '--message', letter);
      expect([exit, out]).toEqual([2, '']);
      expect(err).not.toContain('secret words');
    }
    expect(gateway.agents.posted).toEqual([]);
  });
});
