import { join } from 'node:path';
import { chromiumAvailability, openModuleInChromium } from '@communique-tee/testing/chromium';
import { describeWith } from '@communique-tee/testing/harness';
import { NOTE_VECTORS } from './testing';

describeWith(chromiumAvailability(), 'signed notes in Chromium', () => {
  it('get the same decision as in Node for every test vector', async () => {
    await using page = await openModuleInChromium(join(__dirname, 'testing/outcome.ts'));
    expect(await page.call('outcomesOf', NOTE_VECTORS)).toEqual(NOTE_VECTORS.map(({ expected }) => expected));
  });
});
