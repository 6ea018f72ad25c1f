import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { appBundle } from './app-bundle';

it('appBundle returns the same complete bundle to all callers, also at the same time', async () => {
  const folders = await Promise.all([appBundle('enclave --dev'), appBundle('enclave --dev')]);
  expect(await appBundle('enclave --dev')).toBe(folders[0]);
  expect(folders[1]).toBe(folders[0]);
  expect(readdirSync(folders[0])).toContain('main.dev.js');
  expect(dirname(folders[0])).toBe(
    join(process.cwd(), '.cache/test-bundles', String(process.env['COMMUNIQUE_JEST_PID'])),
  );
});
