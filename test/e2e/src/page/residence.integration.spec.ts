import { commitmentOf, congressAt, fieldFromHex, type RegistrationJson } from '@communique-tee/residence';
import { describeProving } from '@communique-tee/residence/testing';
import { startTestRegistrar, type TestRegistrar } from '@communique-tee/test-registrar';
import { receivedBy } from '@communique-tee/test-system';
import { chromiumAvailability } from '@communique-tee/testing/chromium';
import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { startPageSystem, type PageSystem } from './page-system';
import { Sender } from './sender';

const TEXT = {
  slug: 'city-parks',
  title: 'Keep our parks open',
  language: 'en',
  topics: ['Energy'],
  subject: 'Please fund our parks',
  body: 'Please fund the parks of our district.',
  officeScope: ['house', 'senate'],
  campaignId: 'parks-2026',
};

describeWith(chromiumAvailability(), 'in Chromium', () => {
  describeProving('a message with a proof of residence', (referenceString) => {
    let folder: TemporaryFolder;
    let registrar: TestRegistrar;
    let on: PageSystem;
    const stops: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      folder = await temporaryFolder('residence');
      stops.push(() => folder.remove());
      await writeFile(folder.file('reference-string'), referenceString);
      registrar = await startTestRegistrar({ folder: folder.file('registrar'), people: 20 });
      stops.push(() => registrar.stop());
      on = await startPageSystem({
        gatewayEnvironment: { RESIDENCE_REFERENCE_STRING_FILE: folder.file('reference-string') },
        residence: { mode: 'required', registrar },
      });
      stops.push(() => on.stop());
      await publish(TEXT);
    }, 180_000);
    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    async function publish(template: typeof TEXT): Promise<void> {
      const token = await on.system.issuer.token('administrator', 3600, 'communique:admin');
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const ask = async (method: string, path: string, body: unknown) => {
        const response = await fetch(`${on.system.gatewayUrl}${path}`, { method, headers, body: JSON.stringify(body) });
        if (!response.ok) throw new Error(await response.text());
        return (await response.json()) as { id: string };
      };
      const campaignNote = registrar.openCampaign(template.campaignId);
      const { id } = await ask('POST', '/api/templates', { ...template, campaignNote });
      await ask('PATCH', `/api/templates/${id}`, { version: 1, status: 'published' });
    }

    const step = (page: Page) => page.locator('.residence');
    const posts = (page: Page): { url: string; headers: Record<string, string> }[] => {
      const made: { url: string; headers: Record<string, string> }[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST') made.push({ url: request.url(), headers: request.headers() });
      });
      return made;
    };

    /** Opens the campaign's link and stops at the review, not signed in. */
    async function toReview(sender: Sender): Promise<void> {
      await sender.open(`${on.system.gatewayUrl}/#template=${TEXT.slug}`);
      await sender.fillAddress();
      await sender.next();
      await sender.next();
      await step(sender.page).waitFor();
    }

    /** What axe finds, in light and dark. */
    async function accessible(page: Page): Promise<void> {
      await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
      expect(await on.violations(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await on.violations(page, ['color-contrast'])).toEqual([]);
    }

    /** Makes a secret, keeps it on the device, and registers its code. @returns what the registrar gave */
    async function register(page: Page, district = 'CA-12'): Promise<RegistrationJson> {
      await step(page).getByRole('button', { name: 'I have no code yet: make one' }).click();
      await step(page).getByText('Keep your new secret first.').waitFor();
      expect(await step(page).locator('code').count()).toBe(0);
      await step(page).getByRole('button', { name: 'Keep it on this device' }).click();
      const code = await step(page).locator('code').innerText();
      const registration = registrar.register(fieldFromHex(code), district);
      await paste(page, registration);
      return registration;
    }

    async function paste(page: Page, registration: RegistrationJson): Promise<void> {
      await page.locator('#residence-registration').fill(JSON.stringify(registration));
      await step(page).getByRole('button', { name: 'Use it' }).click();
    }

    it('goes without a sign-in and is delivered once by a double click; a second one in the campaign is refused', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const made = posts(page);
      const sender = new Sender(page);
      await on.answers({});
      await toReview(sender);
      expect(await page.locator('.sign-in').count()).toBe(0);
      await page.locator('#obstacles').getByText('Prove your residence first.').waitFor();
      await register(page);
      await step(page).getByText('U.S. House, California 12th district').waitFor();
      await accessible(page);
      const before = (await receivedBy(on.system.congress)).length;
      await page.locator('#obstacles').waitFor({ state: 'detached' });
      await sender.sendButton.dblclick();
      await sender.result();
      expect(made).toHaveLength(1);
      expect(made[0]?.headers).not.toHaveProperty('authorization');
      expect(await receivedBy(on.system.congress)).toHaveLength(before + 3);

      // The same person once more: the secret is read from the device
      await page.goto('about:blank');
      await toReview(sender);
      await sender.send();
      await page.locator('.send-card').getByText('Each resident sends one.').waitFor();
      await page.locator('#send-title').getByText('Your message was not sent.').waitFor();
      expect(await receivedBy(on.system.congress)).toHaveLength(before + 3);
      expect(tab.wrongs).toEqual([]);
    });

    it('is here again, and was not sent, when the page is loaded again while it proves', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const made = posts(page);
      const sender = new Sender(page);
      await toReview(sender);
      await register(page);
      await page.context().route('**/*.wasm', () => new Promise(() => undefined));
      await sender.send();
      await page.getByText('Proving on this device').waitFor();
      await page.reload();
      await page.getByText('Nothing was sent. What you wrote is here.').waitFor();
      await page.locator('.review-part').getByText(TEXT.body).waitFor();
      expect(made).toEqual([]);
      await page.context().unroute('**/*.wasm');
      await sender.send();
      await sender.result();
      expect(made).toHaveLength(1);
      await page.reload();
      await page.locator('.trust-bar[data-state="verified"]').waitFor();
      expect(await page.getByText('What you wrote is here').count()).toBe(0);
      expect(tab.wrongs).toEqual([]);
    });

    it('offers to load the page again where the circuit is another, and keeps what was entered', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const sender = new Sender(page);
      await toReview(sender);
      await register(page);
      await page.route('**/api/messages', (route) =>
        route.fulfill({
          status: 409,
          headers: { 'content-type': 'application/problem+json' },
          body: JSON.stringify({ type: 'about:blank', title: 'x', status: 409, code: 'circuit_retired' }),
        }),
      );
      await sender.send();
      await page.locator('#send-title').getByText('Your message was not sent.').waitFor();
      await page.getByRole('button', { name: 'Load the page again' }).click();
      await page.locator('.review-part').getByText(TEXT.body).waitFor();
      await page.locator('.residence').getByText('U.S. House, California 12th district').waitFor();
    });

    it('shows no code where the browser keeps nothing, until the secret is saved as a file, which brings it back', async () => {
      await using tab = await on.open();
      const { page } = tab;
      await page.addInitScript(
        "indexedDB.open = () => { throw new DOMException('private window', 'InvalidStateError') }",
      );
      const sender = new Sender(page);
      await toReview(sender);
      await step(page).getByText('This browser keeps nothing').waitFor();
      await accessible(page);
      await step(page).getByRole('button', { name: 'I have no code yet: make one' }).click();
      await step(page).getByRole('button', { name: 'Keep it on this device' }).click();
      await step(page).getByText('Your browser did not keep it. Save it as a file.').waitFor();
      await accessible(page);
      expect(await step(page).locator('code').count()).toBe(0);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        step(page).getByText('Save it as a file', { exact: true }).click(),
      ]);
      const file = await download.path();
      const code = await step(page).locator('code').innerText();
      await page.reload();
      await toReview(sender);
      await page.locator('#residence-file').setInputFiles(file);
      expect(await step(page).locator('code').innerText()).toBe(code);
      await accessible(page);
      expect(fieldFromHex(code)).toHaveLength(32);
    });

    it('names the offices of a delegate’s district, and asks to change others, before anything is proven', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const sender = new Sender(page);
      await toReview(sender);
      await register(page, 'DC-00');
      await step(page).getByText('U.S. House, District of Columbia (delegate)').waitFor();
      await step(page).getByText('District of Columbia has no senators.').waitFor();
      await page.locator('#obstacles').getByText('You chose an office of another district').waitFor();
      const congress = congressAt(Date.now() / 1000);
      await page.locator('summary').filter({ hasText: 'I have moved' }).click();
      await paste(page, {
        ...registrar.register(commitmentOf(new Uint8Array(32).fill(9)), 'CA-12'),
        district: `${String(congress - 1)}-CA-12`,
      });
      await step(page).getByText('a district that no longer exists').waitFor();
      expect(tab.wrongs).toEqual([]);
    });
  });
});
