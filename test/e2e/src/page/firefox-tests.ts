import { describeWith } from '@communique-tee/testing/harness';
import type { Browser } from 'puppeteer-core';
import { firefoxAvailability, openFirefox } from './firefox';
import type { PageSystem } from './page-system';
import { ADDRESS, MESSAGE } from './sender';

/** Tests the main flow in another browser engine. All other tests of the page run in Chromium. */
export function describeFirefox(on: () => PageSystem): void {
  describeWith(firefoxAvailability(), 'in Firefox, by WebDriver BiDi,', () => {
    let firefox: Browser | undefined;
    beforeAll(async () => {
      firefox = await openFirefox();
    }, 120_000);
    afterAll(async () => {
      await firefox?.close();
    });

    it('a first-time sender reaches a verified receipt', async () => {
      if (firefox === undefined) throw new Error('Firefox has not started');
      await on().answers({});
      const page = await firefox.newPage();
      page.setDefaultTimeout(60_000);
      const faults: unknown[] = [];
      page.on('pageerror', (error) => {
        // Firefox requests an icon of the issuer's page, which that page's content security policy forbids
        if (page.url().startsWith(on().system.gatewayUrl)) faults.push(error);
      });
      const press = async (selector: string): Promise<void> => {
        await page.waitForSelector(selector, { visible: true });
        await page.click(selector);
      };
      await page.goto(on().link());
      await page.waitForSelector('.trust-bar[data-state="verified"]');
      await press('.sign-in button:not(.text)');
      await press('button[value="continue"]');
      await page.waitForSelector('.sign-in button.text');
      for (const [name, value] of Object.entries(ADDRESS)) {
        const control = `[name="${name}"]`;
        await page.waitForSelector(control);
        if (name === 'district' || name === 'constituent/state') await page.select(control, value);
        else await page.type(control, value);
      }
      await press('main form button[type="submit"]');
      await page.waitForSelector('[role="combobox"]');
      await page.type('[role="combobox"]', 'public lands');
      await press('[role="option"]');
      for (const [name, value] of Object.entries(MESSAGE)) await page.type(`[name="${name}"]`, value);
      await press('main form button[type="submit"]');
      await press('section[aria-labelledby="step-title"] > .buttons button[aria-disabled="false"]');
      await page.waitForSelector('.send-card .proves');
      expect(await page.$$eval('[data-outcome="accepted"]', (all) => all.length)).toBe(3);
      expect(faults).toEqual([]);
    }, 120_000);
  });
}
