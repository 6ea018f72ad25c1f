import type { Page } from 'playwright-core';
import type { PageSystem } from './page-system';

/** Tests the page that shows health and, to operators, figures. */
export function describeStatus(on: () => PageSystem): void {
  const health = (page: Page, state: string) => page.locator(`main .verdict[data-state="${state}"]`);

  describe('/status', () => {
    it('shows health to everyone, and figures to a token with the scope of administration', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.goto(on().link({}, '/status'));
      await health(page, 'passed').waitFor();
      await page
        .locator('.charts.single')
        .getByRole('img', { name: /enclave/i })
        .first()
        .waitFor();
      const figures = page.locator('.charts:not(.single) figure');
      expect(await figures.count()).toBe(0);
      const show = async (token: string): Promise<void> => {
        await page.locator('#admin-token').fill(token);
        await page.locator('main form button[type="submit"]').click();
      };
      await show(await on().system.issuer.token('alice'));
      await page
        .locator('main form')
        .getByText(/does not have the scope/)
        .waitFor();
      expect(await figures.count()).toBe(0);
      await show(await on().system.issuer.token('operator', 3600, 'communique:admin'));
      await figures
        .getByRole('img', { name: /Budget of the hour.*\$100/ })
        .first()
        .waitFor();
      expect(await page.locator('#admin-token').inputValue()).toBe('');
      expect(
        await page.evaluate<string>('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'),
      ).not.toContain('ey');
      expect(tab.wrongs).toEqual([]);
    });

    it('reports that the server does not answer, and continues once it does', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.goto(on().link({}, '/status'));
      await health(page, 'passed').waitFor();
      const lookNow = () => page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      await page.route('**/api/**', (route) => route.abort());
      await lookNow();
      await health(page, 'failed').waitFor();
      await page.unroute('**/api/**');
      await lookNow();
      await health(page, 'passed').waitFor();
    });
  });
}
