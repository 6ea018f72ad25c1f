import { readFileSync, statSync } from 'node:fs';
import {
  spawnService,
  temporaryFolder,
  workspaceRoot,
  type Service,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';

const ENTRY = ['tools/run.mjs', 'test/providers/src/main.ts'];

describe('the provider simulator as a process', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  const start = (): Promise<Service> =>
    spawnService({
      command: process.execPath,
      args: [...ENTRY, '--folder', folder.path],
      cwd: workspaceRoot(),
      env: { PATH: process.env['PATH'] },
      readyWhen: /^ready$/m,
    });
  const described = () =>
    JSON.parse(readFileSync(folder.file('providers.json'), 'utf8')) as {
      openai: { origin: string; apiKey: string };
      controlUrl: string;
    };

  it('keeps its authority and its API keys between starts, answers on its control port, and ends at a signal', async () => {
    const first = await start();
    const [pem, before] = [readFileSync(folder.file('ca.pem'), 'utf8'), described()];
    expect(first.output()).toContain(`openai ${before.openai.origin}`);
    expect(first.output()).not.toContain(before.openai.apiKey);
    expect(await (await fetch(`${before.controlUrl}/requests`)).json()).toEqual([]);
    expect(await first.stop()).toEqual({ code: 0, signal: null });

    const second = await start();
    expect(readFileSync(folder.file('ca.pem'), 'utf8')).toBe(pem);
    expect(described().openai.apiKey).toBe(before.openai.apiKey);
    await second.stop();
    for (const file of ['ca.key.pem', 'providers.json']) expect(statSync(folder.file(file)).mode & 0o077).toBe(0);
  });
});
