import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DOCUMENT, writeDocument } from './write-document';

it('the gateway’s OpenAPI document equals the committed one (npm run lab -- openapi --write writes it)', async () => {
  await using folder = await temporaryFolder('openapi-');
  await writeDocument(folder.file('openapi.json'));
  expect(await readFile(folder.file('openapi.json'), 'utf8')).toBe(
    await readFile(join(workspaceRoot(), DOCUMENT), 'utf8'),
  );
});
