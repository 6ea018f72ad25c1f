import { join } from 'node:path';
import { chromiumAvailability, openModuleInChromium } from '@communique-tee/testing/chromium';
import { describeWith } from '@communique-tee/testing/harness';
import { allCases } from './testing/cases/all-cases';

describeWith(chromiumAvailability(), 'verifyAttestation in Chromium', () => {
  it('has the same outcome as in Node for every case', async () => {
    const page = await openModuleInChromium(join(__dirname, 'testing/browser-entry.ts'));
    try {
      const cases = allCases();
      expect(await page.call('outcomes', cases)).toEqual(cases.map(({ name, expected }) => [name, expected, expected]));
    } finally {
      await page.close();
    }
  });
});
