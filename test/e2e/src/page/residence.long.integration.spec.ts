import { commitmentOf, congressAt, fieldFromHex } from '@communique-tee/residence';
import { describeProving } from '@communique-tee/residence/testing';
import { receivedBy } from '@communique-tee/test-system';
import { chromiumAvailability } from '@communique-tee/testing/chromium';
import { describeWith } from '@communique-tee/testing/harness';
import type { Page } from 'playwright-core';
import { startResidencePageSystem, TEXT, type ResidencePageSystem } from './residence-page-system';
import { Resident } from './resident';
import { Sender } from './sender';

describeWith(chromiumAvailability(), 'in Chromium', () => {
  describeProving('a message with a proof of residence', (referenceString) => {
    let on: ResidencePageSystem;

    beforeAll(async () => {
      on = await startResidencePageSystem(referenceString, 'required');
    }, 180_000);
    afterAll(() => on.stop());

    const residentOn = (page: Page, sender: Sender) => new Resident(on, page, sender);
    const posts = (page: Page): { url: string; headers: Record<string, string> }[] => {
      const made: { url: string; headers: Record<string, string> }[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST') made.push({ url: request.url(), headers: request.headers() });
      });
      return made;
    };

    /** Expects that axe finds nothing, in light and dark. */
    async function accessible(page: Page): Promise<void> {
      await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
      expect(await on.violations(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await on.violations(page, ['color-contrast'])).toEqual([]);
    }

    it('is sent without a sign-in, delivered once after a double click, and a second one in the campaign is refused', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const made = posts(page);
      const sender = new Sender(page);
      const resident = residentOn(page, sender);
      await on.answers({});
      await resident.toReview();
      expect(await page.locator('.sign-in').count()).toBe(0);
      await page.locator('#obstacles').getByText('Prove your residence first.').waitFor();
      await resident.make();
      await page.getByText('Keep your new secret first.').waitFor();
      expect(await resident.card.locator('code').count()).toBe(0);
      await resident.keep();
      const code = await resident.card.locator('code').innerText();
      await resident.paste(on.registrar.register(fieldFromHex(code), 'CA-12'));
      await resident.card.getByText('U.S. House, California 12th district').waitFor();
      await accessible(page);
      const before = (await receivedBy(on.system.congress)).length;
      await page.locator('#obstacles').waitFor({ state: 'detached' });
      await sender.sendButton.dblclick();
      await sender.result();
      expect(made).toHaveLength(1);
      expect(made[0]?.headers).not.toHaveProperty('authorization');
      expect(await receivedBy(on.system.congress)).toHaveLength(before + 3);

      // After leaving and returning, the browser shows the page as it was, not the form
      await page.evaluate("addEventListener('pageshow', ({ persisted }) => (globalThis.persisted = persisted))");
      await page.goto(`${on.system.gatewayUrl}/status`);
      await page.goBack({ waitUntil: 'commit' });
      await page.waitForFunction('globalThis.persisted === true');
      await sender.result();
      expect(await page.locator('main form, .review-part').count()).toBe(0);
      expect(made).toHaveLength(1);

      // When the same person returns, the page reads the secret from the device, and warns before it proves
      await page.goto('about:blank');
      await resident.toReview();
      await resident.card
        .getByText('This device remembers that the service took a message of yours in this campaign.')
        .waitFor();
      await sender.send();
      await page.locator('.send-card').getByText('Each resident sends one.').waitFor();
      await page.locator('#send-title').getByText('Your message was not sent.').waitFor();
      expect(await receivedBy(on.system.congress)).toHaveLength(before + 3);
      expect(tab.wrongs).toEqual([]);
    });

    it('is restored, and was not sent, when the page is loaded again during the proof', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const made = posts(page);
      const sender = new Sender(page);
      const resident = residentOn(page, sender);
      await resident.toReview();
      await resident.register();
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

    it('is reported as not sent, and keeps its text, when the program that makes the proof ends', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const made = posts(page);
      const sender = new Sender(page);
      const resident = residentOn(page, sender);
      await resident.toReview();
      await resident.register();
      await page.context().route('**/*.wasm', () => new Promise(() => undefined));
      const [worker] = await Promise.all([page.waitForEvent('worker'), sender.send()]);
      await page.getByText('Proving on this device').waitFor();
      await worker.evaluate("setTimeout(() => { throw new Error('crashed') })");
      await page.getByText('Your browser ended the program that makes the proof.').waitFor();
      await page.locator('#send-title').getByText('Your message was not sent.').waitFor();
      expect(made).toEqual([]);
      await page.context().unroute('**/*.wasm');
      await page.locator('.send-card').getByRole('button', { name: 'Try again' }).click();
      await sender.result();
      expect(made).toHaveLength(1);
    });

    it('makes the page offer to load itself again, with what was entered, if the circuit was replaced', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const sender = new Sender(page);
      const resident = residentOn(page, sender);
      await resident.toReview();
      await resident.register();
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
      await resident.card.getByText('U.S. House, California 12th district').waitFor();
    });

    it('makes the page show no code until the secret is saved as a file if the browser stores no data, and the file can be opened again', async () => {
      await using tab = await on.open();
      const { page } = tab;
      await page.addInitScript(
        "indexedDB.open = () => { throw new DOMException('private window', 'InvalidStateError') }",
      );
      const resident = residentOn(page, new Sender(page));
      const { card } = resident;
      await resident.toReview();
      await card.getByText('This browser stores no data').waitFor();
      await accessible(page);
      await card.getByRole('button', { name: 'I have no code yet: make one' }).click();
      await card.getByRole('button', { name: 'Keep it on this device' }).click();
      await card.getByText('Your browser did not keep it. Save it as a file.').waitFor();
      await accessible(page);
      expect(await card.locator('code').count()).toBe(0);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        card.getByText('Save it as a file', { exact: true }).click(),
      ]);
      const file = await download.path();
      const code = await card.locator('code').innerText();
      await page.reload();
      await resident.toReview();
      await page.locator('#residence-file').setInputFiles(file);
      expect(await card.locator('code').innerText()).toBe(code);
      await accessible(page);
      expect(fieldFromHex(code)).toHaveLength(32);
    });

    it('lets the page forget the secret only after a question that says what is lost', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const resident = residentOn(page, new Sender(page));
      await resident.toReview();
      await resident.register();
      const dialog = page.getByRole('dialog', { name: 'Forget your secret here?' });
      for (const no of ['Keep it', undefined]) {
        await resident.forgetButton.click();
        await dialog.getByText('Without the file you need a new code').waitFor();
        if (no === undefined) await page.keyboard.press('Escape');
        else await dialog.getByRole('button', { name: no }).click();
        await dialog.waitFor({ state: 'detached' });
        await resident.card.getByText('U.S. House, California 12th district').waitFor();
      }
      await resident.forgetButton.click();
      await dialog.getByRole('button', { name: 'Forget it' }).click();
      await resident.card.getByText('There is no secret of yours on this device.').waitFor();
      await page.reload();
      await resident.toReview();
      await resident.card.getByText('There is no secret of yours on this device.').waitFor();
    });

    it('cannot be sent if the gateway has no reference string, and the page says so instead of asking for a secret', async () => {
      await using tab = await on.open();
      const { page } = tab;
      await page.route('**/api/page', async (route) => {
        const response = await route.fetch();
        const facts = (await response.json()) as object;
        await route.fulfill({ response, json: { ...facts, provesResidence: false } });
      });
      const resident = residentOn(page, new Sender(page));
      await resident.toReview();
      await resident.card.getByText('its operator has not set up this page to make proofs').waitFor();
      await page.locator('#obstacles').getByText('This page is not set up to make the proof').waitFor();
      expect(await resident.card.locator('button, input').count()).toBe(0);
      await accessible(page);
      expect(tab.wrongs).toEqual([]);
    });

    it('makes the page show the offices of a delegate’s district, and ask to change other offices, before anything is proven', async () => {
      await using tab = await on.open();
      const { page } = tab;
      const resident = residentOn(page, new Sender(page));
      const { card } = resident;
      await resident.toReview();
      await resident.register('DC-00');
      await card.getByText('U.S. House, District of Columbia (delegate)').waitFor();
      await card.getByText('District of Columbia has no senators.').waitFor();
      await page.locator('#obstacles').getByText('You chose an office outside the district').waitFor();
      const congress = congressAt(Date.now() / 1000);
      await page.locator('summary').filter({ hasText: 'I have moved' }).click();
      await resident.paste({
        ...on.registrar.register(commitmentOf(new Uint8Array(32).fill(9)), 'CA-12'),
        district: `${String(congress - 1)}-CA-12`,
      });
      await card.getByText('a district that no longer exists').waitFor();
      expect(tab.wrongs).toEqual([]);
    });
  });
});
