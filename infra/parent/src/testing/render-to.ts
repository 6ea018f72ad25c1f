import { renderParentFiles, renderUserData } from '../index';
import { writeFile } from 'node:fs/promises';
import { EXAMPLES } from './example-settings';
import { stage } from './stage';

// Renders the parent's files for each example into a folder, so that a developer can read them.
const USAGE = 'usage: node tools/run.mjs infra/parent/src/testing/render-to.ts [folder]\n';
const [folder = '.dev/parent'] = process.argv.slice(2);
if (folder === '--help' || folder === '-h') {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (folder.startsWith('-')) {
  process.stderr.write(USAGE);
  process.exit(2);
}
for (const [, settings] of EXAMPLES) {
  await stage(renderParentFiles(settings), `${folder}/${settings.stack}`);
  await writeFile(`${folder}/${settings.stack}.user-data.yaml`, renderUserData(settings));
}
