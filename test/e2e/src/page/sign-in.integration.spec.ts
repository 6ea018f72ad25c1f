import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromiumAvailability, openChromium, type Chromium } from '@communique-tee/testing/chromium';
import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startSystem, type System } from '@communique-tee/test-system';
import type { Browser, Page } from 'playwright-core';
import { visit, type Visit } from './visit';

describeWith(chromiumAvailability(), 'signing in on the page', () => {
  let folder: TemporaryFolder;
  let system: System;
  let chromium: Chromium;
  let browser: Browser;

  beforeAll(async () => {
    folder = await temporaryFolder('sign-in');
    chromium = await openChromium();
    const found = (await chromium.newPage()).context().browser();
    if (found === null) throw new Error('the tab has no browser');
    browser = found;
    system = await startSystem({ folder: folder.path });
  }, 180_000);
  afterAll(async () => {
    await (chromium as Chromium | undefined)?.close();
    await (system as System | undefined)?.stop();
    await folder.remove();
  });
  afterEach(() => {
    system.issuer.setTokenSeconds(3600);
  });

  const open = (): Promise<Visit> => visit(browser, system.gatewayUrl, { viewport: { width: 390, height: 800 } });
  const block = (page: Page) => page.getByRole('region', { name: 'Sign in' });
  const fragment = () => `#campaign=parks-2026&pcr0=${system.pcr0}&pcr3=${system.pcr3}`;
  const link = () => `${system.gatewayUrl}/${fragment()}`;

  /** To the issuer, as a person does. */
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

  it('comes back with the link and what was entered, and leaves the token nowhere', async () => {
    await using tab = await open();
    const { page } = tab;
    const asked: { url: string; referer: string | undefined }[] = [];
    page.on('request', (request) => asked.push({ url: request.url(), referer: request.headers()['referer'] }));
    let [token, code] = ['', ''];
    page.on('response', async (response) => {
      if (response.url() !== `${system.issuer.issuer}/token`) return;
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
    expect(await page.getByRole('link', { name: 'See the proof' }).getAttribute('href')).toContain(system.pcr0);
    expect(await page.getByLabel('First name').inputValue()).toBe('Example');
    expect([token.split('.').length, code.length]).toEqual([3, 43]);
    const left = await page.evaluate<string>(
      'JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state, document.documentElement.outerHTML])',
    );
    for (const secret of [token, code, token.split('.')[2] ?? '']) expect(left).not.toContain(secret);
    expect(left).not.toMatch(/sign-in","|"verifier|"draft/);
    // The link stays in the browser, and the code goes to the gateway and the token endpoint alone
    expect(asked.filter(({ url }) => /parks-2026/.test(url.replace(/#.*/, '')))).toEqual([]);
    expect(asked.filter(({ referer }) => referer !== undefined && /code=|parks/.test(referer))).toEqual([]);
    for (const file of await readdir(system.logFolder)) {
      const text = await readFile(join(system.logFolder, file), 'utf8');
      for (const secret of [token, code]) expect([file, text.includes(secret)]).toEqual([file, false]);
    }
    const strangers = tab.wrongs.filter((wrong) => !wrong.startsWith(`asked ${system.issuer.issuer}/`));
    expect(strangers).toEqual([]);

    // The page is gone, and the token with it
    await page.reload();
    await block(page).getByRole('button', { name: 'Sign in' }).waitFor();
  });

  it('does not use an answer that it did not ask for, nor one a second time', async () => {
    await using tab = await open();
    const { page } = tab;
    const answers: string[] = [];
    page.on('response', (response) => {
      const { location } = response.headers();
      if (location !== undefined) answers.push(location);
    });
    const tokenRequests: string[] = [];
    page.on('request', (request) => {
      if (request.url() === `${system.issuer.issuer}/token`) tokenRequests.push(request.url());
    });
    // Another person's code in a link: login CSRF
    await page.goto(`${system.gatewayUrl}/?code=code-of-mallory&state=state-of-mallory`);
    await block(page).getByText('was not started in this tab').waitFor();
    expect([page.url(), tokenRequests]).toEqual([`${system.gatewayUrl}/`, []]);

    await leave(page);
    await comeBack(page);
    await block(page).getByText('You are signed in as').waitFor();
    const [used = ''] = answers.filter((answer) => answer.includes('code='));
    await page.goto(used);
    await block(page).getByText('was not started in this tab').waitFor();
    expect(tokenRequests).toHaveLength(1);
  });

  it('says in one sentence why there is no token: cancelled, issuer away, expired', async () => {
    await using tab = await open();
    const { page } = tab;
    await page.goto(link());
    await leave(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await block(page).getByText('You did not sign in.').waitFor();
    expect(page.url()).toBe(link());

    await page.route(`${system.issuer.issuer}/token`, (route) => route.abort());
    await leave(page);
    await comeBack(page);
    await block(page).getByText('The sign-in service does not answer.').waitFor();
    await page.unroute(`${system.issuer.issuer}/token`);

    system.issuer.setTokenSeconds(2);
    await leave(page);
    await comeBack(page);
    await block(page).getByText('Your sign-in has expired.').waitFor();
  });

  it('refuses a hostile link in one sentence', async () => {
    await using tab = await open();
    const { page } = tab;
    await page.goto(`${system.gatewayUrl}/#campaign=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E`);
    await page.getByText('a “campaign” that cannot be right').waitFor();
    await page.goto('about:blank');
    await page.goto(`${link()}&campaign=another`);
    await page.getByText('gives “campaign” twice').waitFor();
    expect(tab.wrongs).toEqual([]);
  });
});
