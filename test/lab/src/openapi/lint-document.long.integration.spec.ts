import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES } from '@communique-tee/testing/judges';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lintDocument } from './lint-document';

const committed = join(workspaceRoot(), 'docs/openapi.json');

for (const name of ['redocly', 'spectral'] as const)
  describeWithJudge(JUDGES[name], `${name} on the OpenAPI document`, (installed) => {
    it('finds nothing in the committed document', async () => {
      expect(await lintDocument(name, installed, committed)).toMatchObject({ clean: true });
    });

    it('finds an operation without an id, and an example that its schema refuses', async () => {
      await using folder = await temporaryFolder('lint-');
      const document = (await readFile(committed, 'utf8'))
        .replace('"operationId": "getBudget",', '')
        .replace('"cap": "10.00"', '"cap": 10');
      await writeFile(folder.file('openapi.json'), document);
      const { clean, output } = await lintDocument(name, installed, folder.file('openapi.json'));
      expect(clean).toBe(false);
      expect(output).toMatch(/operation-operationId/);
      expect(output).toMatch(/example/);
    });
  });
