import { join } from 'node:path';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { checkConfiguration } from './enclave-bundle';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('bundle-');
});
afterAll(() => folder.remove());

describe('the check of a configuration', () => {
  it('reports what the parent has to know about the configuration example.production.json', async () => {
    const example = join(workspaceRoot(), 'apps/enclave/config/example.production.json');
    expect(await checkConfiguration(workspaceRoot(), folder.path, example)).toMatchObject({
      custody: 'kms',
      agents: 'on',
      longestAnswerMs: { message: 60_000, task: 85_000, keys: 10_000 },
    });
  });
});
