import type { Page } from 'playwright-core';
import type { PageSystem } from './page-system';

const SENTENCES = ['This page has not loaded yet.', 'Esta página aún no se ha cargado.'] as const;

export function describeLoading(on: () => PageSystem): void {
  describe('a page that does not load', () => {
    const seen = (page: Page): Promise<boolean[]> =>
      Promise.all(SENTENCES.map((sentence) => page.getByText(sentence).isVisible()));
    /** Shows document.html's "has not loaded" text now. @returns the seconds after which the text would appear without this call */
    const secondsPass = (page: Page): Promise<number> =>
      page.evaluate<number>(
        "(([shown]) => { shown.finish(); return shown.effect.getTiming().delay / 1000; })(document.querySelector('.not-loaded').getAnimations())",
      );

    it.each([
      ['script is refused', '/', '**/page/write-*.js', 'refused'],
      ['script is lost', '/status', '**/page/status-*.js', 'lost'],
      ['script imports a file that is lost', '/verify', '**/page/chunk-*.js', 'lost'],
    ] as const)('says in both languages that it has not loaded if its %s', async (_what, path, files, how) => {
      await using tab = await on().open();
      const { page } = tab;
      await page.route(files, (route) =>
        how === 'lost'
          ? route.abort('connectionreset')
          : route.fulfill({ status: 429, headers: { 'retry-after': '9' } }),
      );
      await page.goto(on().link({}, path));
      expect(await seen(page)).toEqual([false, false]);
      expect(await secondsPass(page)).toBe(8);
      expect(await seen(page)).toEqual([true, true]);
      expect(await on().violations(page)).toEqual([]);

      // The text suggests a reload, which needs the link's fragment in the address
      await page.unroute(files);
      await page.reload();
      await page.locator('.trust-bar[data-state="verified"]').waitFor();
      expect([await seen(page), page.url()]).toEqual([[false, false], on().link({}, path)]);
    });

    it('says that it has not loaded while its script is on the way, and is drawn when the script arrives', async () => {
      await using tab = await on().open();
      const { page } = tab;
      let arrive = (): void => undefined;
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      await page.route('**/page/write-*.js', async (route) => {
        await arrived;
        await route.continue();
      });
      await page.goto(on().link(), { waitUntil: 'commit' });
      await page.locator('.not-loaded').waitFor({ state: 'attached' });
      await secondsPass(page);
      expect(await seen(page)).toEqual([true, true]);
      arrive();
      await page.locator('.trust-bar[data-state="verified"]').waitFor();
      expect(await page.locator('.not-loaded').count()).toBe(0);
      expect(tab.wrongs).toEqual([]);
    });

    it('says at once that it has not loaded if its texts could not be fetched', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.route('**/*write_*', (route) => route.abort());
      await page.goto(on().system.gatewayUrl);
      await page.getByRole('alert').getByText(SENTENCES[0]).waitFor();
      expect(await seen(page)).toEqual([true, true]);
    });

    it('says only that it needs JavaScript if the browser runs none', async () => {
      await using tab = await on().open({ javaScriptEnabled: false });
      await tab.page.goto(on().link());
      await tab.page.locator('noscript p').waitFor();
      // boundingBox and not isVisible, because an element with `visibility: hidden` would still take up space
      expect(await tab.page.locator('.not-loaded').boundingBox()).toBeNull();
    });
  });
}
