import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { receivedBy } from '@communique-tee/test-system';
import type { Page } from 'playwright-core';
import type { PageSystem } from './page-system';
import { ADDRESS, MESSAGE, Sender } from './sender';

const problem = (status: number, code: string, headers: Record<string, string> = {}) => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: JSON.stringify({ type: 'about:blank', title: code, status, code }),
});

/** Tests a message from the form to its receipt. */
export function describeMessage(on: () => PageSystem): void {
  const posts = (page: Page): string[] => {
    const made: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && new URL(request.url()).pathname.startsWith('/api/')) made.push(request.url());
    });
    return made;
  };
  const title = (page: Page) => page.locator('#send-title');
  const kept = (page: Page) =>
    page.evaluate<string>('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');

  describe('a message', () => {
    it('is sealed in the page, delivered, and has its receipt verified, and no plain text leaves the page or is kept', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const left: Buffer[] = [];
      page.on('request', (request) =>
        left.push(
          Buffer.from(request.url()),
          Buffer.from(JSON.stringify(request.headers())),
          request.postDataBuffer() ?? Buffer.alloc(0),
        ),
      );
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await sender.send();
      await sender.result();
      expect(await page.evaluate('document.activeElement.id')).toBe('send-title');
      expect(
        await page.locator('.send-steps li').evaluateAll((all) => all.map((each) => each.dataset['state'])),
      ).toEqual(Array.from({ length: 4 }, () => 'done'));
      expect(
        await page.locator('.answers li').evaluateAll((all) => all.map((each) => each.dataset['outcome'])),
      ).toEqual(Array.from({ length: 3 }, () => 'accepted'));
      for (const summary of await page.locator('.send-card summary').all()) await summary.click();
      const details = await page.locator('.send-card details').first().innerText();
      const ids = [...details.matchAll(/\b[HS]CA\d\d accepted ([A-Za-z0-9]{32})/g)].map(([, id]) => id ?? '');
      const received = await receivedBy(on().system.congress);
      expect(received.filter(({ deliveryId }) => ids.includes(deliveryId))).toHaveLength(3);
      for (const plain of ['Example', 'Oakland', '94601', 'parks', 'Mx.', 'HCA12'])
        expect(left.filter((each) => each.includes(plain))).toEqual([]);
      for (const plain of ['Example', 'Oakland', '94601', 'parks']) expect(await kept(page)).not.toContain(plain);
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a[download]').click()]);
      const receipt = JSON.parse(await readFile(await download.path(), 'utf8')) as object;
      expect(Object.keys(receipt)).toEqual(['receipt', 'attestation_document']);
      expect(tab.wrongs).toEqual([]);
    });

    it('is sealed without signing in, for inspection, and nothing is sent', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const made = posts(page);
      const sender = new Sender(page);
      await sender.open(on().link());
      await sender.fillAddress();
      await sender.next();
      await sender.fillMessage({ 'message/body': 'ä'.repeat(2000) });
      await sender.next();
      await page.locator('#obstacles').waitFor();
      await sender.pressBlockedSend();
      await page.locator('summary').last().click();
      await page.locator('[aria-describedby="seal-only-hint"]').click();
      await page.getByText('8,314 sealed bytes').waitFor();
      expect([made, await page.locator('.send-card').count()]).toEqual([[], 0]);
      expect(tab.wrongs).toEqual([]);
    });

    it('has its missing or wrong fields shown, and keeps what was typed', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const sender = new Sender(page);
      await sender.open(on().link());
      expect(
        await page
          .locator('main input:not([type=checkbox]):not([type=radio]), main textarea, main select')
          .evaluateAll((all) => all.map((each) => (each as unknown as { value: string }).value).join('')),
      ).toBe('');
      const problems = page.locator('.error-summary li');
      await sender.next();
      await page.locator('.error-summary').waitFor();
      expect(await problems.count()).toBe(8);
      expect(await page.evaluate("document.activeElement.closest('.error-summary') !== null")).toBe(true);
      await sender.fillAddress({ 'constituent/zip': '9460' });
      await sender.next();
      expect(await problems.filter({ has: page.locator('a') }).allInnerTexts()).toEqual([
        expect.stringMatching(/ZIP/) as string,
      ]);
      await problems.locator('a').click();
      expect(await page.evaluate('document.activeElement.name')).toBe('constituent/zip');
      expect(await sender.field('constituent/zip').inputValue()).toBe('9460');
      await sender.field('constituent/zip').fill('94601');
      await sender.next();
      await sender.next();
      expect(await page.locator('.error-summary li').count()).toBe(3);
      expect(tab.wrongs).toEqual([]);
    });

    it('cannot go to an office code that does not exist or is of another state', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const sender = new Sender(page);
      await sender.open(on().link());
      await sender.fillAddress();
      await page.locator('summary').last().click();
      for (const codes of ['HCA12 HCA53', 'HCA12 SNY01', 'HZZ99']) {
        await page.locator('#field-office-codes').fill(codes);
        await sender.next();
        await page.locator('#field-office-codes[aria-invalid="true"]').waitFor();
      }
      await page.locator('#field-office-codes').fill('HCA12 SCA01');
      await sender.next();
      await sender.field('message/subject').waitFor();
    });

    it('has its problems listed in the order of the form', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const sender = new Sender(page);
      await sender.open(on().link());
      const wrong = () =>
        page.locator('main form [aria-invalid="true"]').evaluateAll((all) => all.map((each) => each.id));
      const listed = async () => {
        const ids: string[] = [];
        for (const link of await page.locator('.error-summary a').all()) {
          await link.click();
          ids.push(await page.evaluate<string>('document.activeElement.id'));
        }
        return ids;
      };
      await page.locator('main summary').first().click();
      for (const name of ['organization', 'address2', 'phone']) await sender.field(`constituent/${name}`).fill('x');
      await sender.next();
      await page.locator('.error-summary').waitFor();
      expect(await listed()).toEqual(await wrong());
      expect(await wrong()).toHaveLength(11);
      for (const name of ['organization', 'address2', 'phone']) await sender.field(`constituent/${name}`).fill('');
      await sender.fillAddress();
      await sender.next();
      await page.locator('main summary').last().click();
      await sender.field('message/bills').fill('x');
      await sender.field('message/moreInfo').fill('x');
      await sender.next();
      await page.locator('.error-summary').waitFor();
      expect(await listed()).toEqual(await wrong());
      expect(await wrong()).toHaveLength(5);
      expect(tab.wrongs).toEqual([]);
    });

    it('is not sent by Enter before the review, and is sent once by a double click', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const made = posts(page);
      await on().answers({});
      const sender = new Sender(page);
      await sender.open(on().link());
      await sender.signIn();
      await sender.fillAddress();
      await sender.field('constituent/city').press('Enter');
      await sender.fillMessage();
      await sender.field('message/subject').press('Enter');
      await page.locator('.review-part').first().waitFor();
      await page.keyboard.press('Enter');
      expect(made).toEqual([]);
      await sender.sendButton.dblclick();
      await sender.result();
      expect(made).toHaveLength(1);
    });

    it('makes the page ask before closing while the message is under way, and not after it has ended', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await on().answers({ house: { answer: 'maintenance' } });
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await sender.send();
      await page.locator('.send-steps li:nth-child(2)[data-state="done"]').waitFor();
      const [asked] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })]);
      expect(asked.type()).toBe('beforeunload');

      await using other = await on().open();
      const next = new Sender(other.page);
      await on().answers({});
      await next.toReview(on().link());
      await next.send();
      await next.result();
      const dialogs: string[] = [];
      other.page.on('dialog', (dialog) => dialogs.push(dialog.type()));
      await Promise.all([other.page.waitForEvent('close'), other.page.close({ runBeforeUnload: true })]);
      expect(dialogs).toEqual([]);
    });

    it('is printed as a separate sheet with offices, times, ID and the hash of the saved receipt', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await on().answers({});
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await sender.send();
      await sender.result();
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a[download]').click()]);
      const hash = createHash('sha256')
        .update(await readFile(await download.path()))
        .digest('hex');
      const seen = () => page.evaluate<string>('document.body.innerText');
      expect(await seen()).not.toContain('SHA-256');
      await page.emulateMedia({ media: 'print' });
      const sheet = await seen();
      expect(sheet.replaceAll(/\s/g, '')).toContain(hash);
      for (const part of ['(HCA12)', '(SCA01)', '(SCA03)', 'Simulated Congress', 'UTC)']) expect(sheet).toContain(part);
      expect(sheet).toMatch(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/);
      // The printed sheet has nothing that is only for the screen
      for (const part of ['Save receipt', 'DEMO', 'Verify', 'Details']) expect(sheet).not.toContain(part);
      expect(tab.wrongs).toEqual([]);
    });

    it('loses nothing when the person goes back, in the page or in the browser', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await page.goBack();
      expect(await sender.field('message/body').inputValue()).toBe(MESSAGE['message/body']);
      await page.goBack();
      expect(await sender.field('constituent/city').inputValue()).toBe(ADDRESS['constituent/city']);
      await page.goForward();
      await page.goForward();
      await page.locator('.review-part').first().waitFor();
    });

    it('has the reason from the receipt shown if one office refuses it, and the acceptance of the other offices', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await on().answers({ house: { answer: 'refused', reason: 'The office is vacant.' } });
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await sender.send();
      await sender.result();
      await title(page).getByText('Some offices accepted your message, others did not.').waitFor();
      await page.locator('[data-outcome="refused"]').getByText('The office is vacant.').waitFor();
      expect(await page.locator('[data-outcome="accepted"]').count()).toBe(2);
    });

    it('is reported as not sent after a clear refusal, and can still be sent', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await on().answers({});
      let answer = problem(503, 'emergency_stop', { 'retry-after': '600' });
      await page.route('**/api/messages', (route) =>
        route.request().method() === 'POST' ? route.fulfill(answer) : route.continue(),
      );
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await sender.send();
      await title(page).getByText('Your message was not sent.').waitFor();
      await page.locator('.send-card').getByText('The operator has stopped all sending for now.').waitFor();
      await page.getByRole('button', { name: 'Back to the message' }).click();

      answer = problem(401, 'unauthenticated');
      await sender.send();
      await page.locator('.send-card').getByText('Please sign in again').waitFor();
      await title(page).getByText('Your message was not sent.').waitFor();
      expect(await page.locator('.send-card').innerText()).not.toMatch(/may have|may be|not know/i);

      await page.unroute('**/api/messages');
      await page.locator('.send-card').getByRole('button', { name: 'Sign in' }).click();
      await page.locator('button[value="continue"]').click();
      await page.locator('.review-part').first().waitFor();
      await sender.send();
      await sender.result();
    });

    it('is reported as possibly sent if the connection was cut, and the page finds out without sending it twice', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await on().answers({});
      let cut = true;
      await page.route('**/api/messages', async (route) => {
        if (route.request().method() !== 'POST') return route.continue();
        if (!cut) return route.continue();
        await route.fetch(); // the gateway accepts the message, and the page gets no answer
        await route.abort('connectionreset');
      });
      const before = (await receivedBy(on().system.congress)).length;
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await sender.send();
      await page.locator('.send-steps li:nth-child(1)[data-state="done"]').waitFor();
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await title(page).getByText('We do not know yet').waitFor();
      cut = false;
      await page.getByRole('button', { name: 'Ask what became of it' }).click();
      await sender.result();
      expect(await receivedBy(on().system.congress)).toHaveLength(before + 3);
    });

    it('is delivered although the gateway stops in the middle and starts again', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await on().answers({ house: { answer: 'maintenance' } });
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await sender.send();
      await page.locator('.send-steps li:nth-child(2)[data-state="done"]').waitFor();
      await on().system.kill('gateway');
      await page.locator('[data-silence="gone"]').waitFor({ timeout: 60_000 });
      await on().answers({});
      await on().system.start('gateway');
      await page.locator('.send-card .proves').waitFor({ timeout: 90_000 });
    });

    it('can be followed after the page was closed, if the person let this device remember it', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await on().answers({ house: { answer: 'maintenance' }, senate: { answer: 'maintenance' } });
      const sender = new Sender(page);
      await sender.toReview(on().link());
      await page.locator('.remember input').check();
      await sender.send();
      await page.locator('.send-steps li:nth-child(2)[data-state="done"]').waitFor();
      for (const plain of ['Example', 'Oakland', 'parks', 'HCA12']) expect(await kept(page)).not.toContain(plain);
      await page.goto('about:blank');
      await on().answers({});
      await sender.open(on().link());
      await sender.signIn();
      await page.locator('.kept button').first().click();
      await sender.result();
      expect(await page.evaluate("JSON.stringify({ ...localStorage }).includes('deliverySecret')")).toBe(false);
      await page.reload();
      await page.locator('.trust-bar[data-state="verified"]').waitFor();
      expect(await page.locator('.kept').count()).toBe(0);
    });
  });

  it('the page at / loads at most 90 KB, compressed with gzip, without the prover', async () => {
    await using tab = await on().open();
    const sizes: Promise<number>[] = [];
    tab.page.on('response', (response) => {
      if (['document', 'script', 'stylesheet', 'image'].includes(response.request().resourceType()))
        sizes.push(response.body().then((body) => gzipSync(body).length));
    });
    await tab.page.goto(on().link());
    await tab.page.locator('.trust-bar[data-state="verified"]').waitFor();
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(total).toBeLessThanOrEqual(90_000);
    expect(total).toBeGreaterThan(10_000);
  });
}
