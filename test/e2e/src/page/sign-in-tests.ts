import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { PageSystem } from './page-system';

/** Tests sign-in at the identity provider, and attacks on the sign-in. */
export function describeSignIn(on: () => PageSystem): void {
  describe('signing in', () => {
    afterEach(() => {
      on().system.issuer.setTokenSeconds(3600);
    });

    const open = () => on().open({ viewport: { width: 390, height: 800 } });
    const block = (page: Page) => page.getByRole('region', { name: 'Sign in' });
    const fragment = () => `#campaign=parks-2026&pcr0=${on().system.pcr0}&pcr3=${on().system.pcr3}`;
    const link = () => `${on().system.gatewayUrl}/${fragment()}`;

    async function leave(page: Page): Promise<void> {
      await block(page)
        .getByRole('button', { name: /^Sign in/ })
        .click();
      await page.getByRole('heading', { name: 'Demo sign-in' }).waitFor();
    }

    async function comeBack(page: Page, user = 'alice'): Promise<void> {
      await page.getByLabel('User name').fill(user);
      await page.getByRole('button', { name: 'Continue' }).click();
    }

    it('brings back the link and what was entered, and leaves the token in no storage, address or log', async () => {
      await using tab = await open();
      const { page } = tab;
      const asked: { url: string; referer: string | undefined }[] = [];
      page.on('request', (request) => asked.push({ url: request.url(), referer: request.headers()['referer'] }));
      let [token, code] = ['', ''];
      page.on('response', async (response) => {
        if (response.url() !== `${on().system.issuer.issuer}/token`) return;
        token = ((await response.json()) as { access_token: string }).access_token;
        code = new URLSearchParams(response.request().postData() ?? '').get('code') ?? '';
      });
      await page.goto(link());
      await page.getByLabel('First name').fill('Example');
      await leave(page);
      expect(page.url()).not.toMatch(/parks-2026|pcr|#/);
      await comeBack(page);
      await block(page).getByText('You are signed in as').getByText('alice').waitFor();

      expect(page.url()).toBe(link());
      expect(await page.getByRole('link', { name: 'See the proof' }).getAttribute('href')).toContain(on().system.pcr0);
      expect(await page.getByLabel('First name').inputValue()).toBe('Example');
      expect([token.split('.').length, code.length]).toEqual([3, 43]);
      const left = await page.evaluate<string>(
        'JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state, document.documentElement.outerHTML])',
      );
      for (const secret of [token, code, token.split('.')[2] ?? '']) expect(left).not.toContain(secret);
      expect(left).not.toMatch(/sign-in","|"verifier|"draft/);
      // The link stays in the browser, and the code goes only to the gateway and the token endpoint
      expect(asked.filter(({ url }) => /parks-2026/.test(url.replace(/#.*/, '')))).toEqual([]);
      expect(asked.filter(({ referer }) => referer !== undefined && /code=|parks/.test(referer))).toEqual([]);
      for (const file of await readdir(on().system.logFolder)) {
        const text = await readFile(join(on().system.logFolder, file), 'utf8');
        for (const secret of [token, code]) expect([file, text.includes(secret)]).toEqual([file, false]);
      }
      expect(tab.wrongs).toEqual([]);

      // The token is only in the page's memory, so a reload loses it
      await page.reload();
      await block(page).getByRole('button', { name: 'Sign in' }).waitFor();
    });

    it('keeps the link and the entered text over a visit to /verify, and asks no question', async () => {
      await using tab = await open();
      const { page } = tab;
      const asked: string[] = [];
      page.on('dialog', (dialog) => {
        asked.push(dialog.type());
        void dialog.accept();
      });
      const drafts = () => page.evaluate<string[]>('Object.keys(sessionStorage).filter((key) => /draft/.test(key))');
      await page.goto(link());
      const name = page.getByLabel('First name');
      await name.fill('Example');
      await page.getByRole('link', { name: 'See the proof' }).click();
      await page.waitForURL('**/verify#*');
      expect(await drafts()).toHaveLength(1);
      // This address has no fragment, as if a person had typed it
      await page.goto(`${on().system.gatewayUrl}/status`);
      await page.getByRole('link', { name: 'Write' }).click();
      await page.waitForURL(link());
      expect([await name.inputValue(), await drafts(), asked]).toEqual(['Example', [], []]);
      // The Back button restores the same text
      await page.getByRole('link', { name: 'See the proof' }).click();
      await page.waitForURL('**/verify#*');
      await page.goBack();
      expect([await name.inputValue(), await drafts(), asked]).toEqual(['Example', [], []]);
    });

    it('uses no answer that this tab did not request, and no answer twice', async () => {
      await using tab = await open();
      const { page } = tab;
      const answers: string[] = [];
      page.on('response', (response) => {
        const { location } = response.headers();
        if (location !== undefined) answers.push(location);
      });
      const tokenRequests: string[] = [];
      page.on('request', (request) => {
        if (request.url() === `${on().system.issuer.issuer}/token`) tokenRequests.push(request.url());
      });
      // Another person's code in a link: login CSRF
      await page.goto(`${on().system.gatewayUrl}/?code=code-of-mallory&state=state-of-mallory`);
      await block(page).getByText('was not started in this tab').waitFor();
      expect([page.url(), tokenRequests]).toEqual([`${on().system.gatewayUrl}/`, []]);

      await leave(page);
      await comeBack(page);
      await block(page).getByText('You are signed in as').waitFor();
      const [used = ''] = answers.filter((answer) => answer.includes('code='));
      await page.goto(used);
      await block(page).getByText('was not started in this tab').waitFor();
      expect(tokenRequests).toHaveLength(1);
    });

    it('gives the reason in one sentence if the person canceled, the issuer does not answer, or the sign-in has expired', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.goto(link());
      await leave(page);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await block(page).getByText('You did not sign in.').waitFor();
      expect(page.url()).toBe(link());

      await page.route(`${on().system.issuer.issuer}/token`, (route) => route.abort());
      await leave(page);
      await comeBack(page);
      await block(page).getByText('The sign-in service does not answer.').waitFor();
      await page.unroute(`${on().system.issuer.issuer}/token`);

      on().system.issuer.setTokenSeconds(2);
      await leave(page);
      await comeBack(page);
      await block(page).getByText('Your sign-in has expired.').waitFor();
    });

    it('explains in one sentence why a hostile link is refused', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.goto(`${on().system.gatewayUrl}/#campaign=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E`);
      await page.getByText('a “campaign” that cannot be right').waitFor();
      await page.goto('about:blank');
      await page.goto(`${link()}&campaign=another`);
      await page.getByText('gives “campaign” twice').waitFor();
      expect(tab.wrongs).toEqual([]);
    });
  });
}
