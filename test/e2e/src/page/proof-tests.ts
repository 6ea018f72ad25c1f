import { developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import type { Page } from 'playwright-core';
import type { PageSystem } from './page-system';
import { Sender } from './sender';

const HOUR_MS = 3_600_000;
const OTHER = 'ab'.repeat(48);

/** Tests how the page verifies the enclave that answers, also when the server lies about it. */
export function describeProof(on: () => PageSystem): void {
  const trusting = (path = '/', over: Readonly<Record<string, string>> = {}) => {
    const { pcr0, pcr3 } = on().system;
    return on().link({ pcr0, pcr3, ...over }, path);
  };
  const bar = (page: Page, state: string) => page.locator(`.trust-bar[data-state="${state}"]`);
  const failure = (page: Page, code: string) =>
    page.locator('[data-check][data-state="failed"] code', { hasText: code }).last();
  const statesOf = (page: Page) =>
    page.$$eval('[data-check]', (all) =>
      Object.fromEntries(all.map((each) => [each.getAttribute('data-check'), each.getAttribute('data-state')])),
    );

  /** Checks that a complete message with a token cannot be sent, not even by a click. @returns the reasons that the page shows */
  async function obstacles(page: Page): Promise<string[]> {
    const here = new URL(page.url());
    await page.goto('about:blank');
    await page.goto(`${here.origin}/${here.hash}`);
    const sender = new Sender(page);
    await sender.fillAddress();
    await sender.next();
    await sender.fillMessage();
    await sender.next();
    await page.locator('summary').last().click();
    await page.locator('#token').fill(await on().system.issuer.token('alice'));
    await page.locator('#token').press('Enter');
    await sender.pressBlockedSend();
    expect(await page.locator('.send-card').count()).toBe(0);
    return page.locator('#obstacles li').allInnerTexts();
  }
  const NOT_VERIFIED = ['The enclave could not be verified, so this page does not send to it.'];

  describe('the enclave that answers', () => {
    it('is marked as a DEMO on every page of a demo', async () => {
      await using tab = await on().open();
      const { page } = tab;
      for (const path of ['/', '/verify', '/status']) {
        await page.goto(trusting(path));
        await bar(page, 'verified').locator('.trust-demo').getByText('DEMO').waitFor();
        expect(await page.locator('.trust-bar').getAttribute('data-demo')).toBe('');
      }
      expect(tab.wrongs).toEqual([]);
    });

    it('is refused under the development root of another site until the person agrees to a demo', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const origin = 'https://page.test';
      await page.route(`${origin}/**`, async (route) => {
        const url = route.request().url().replace(origin, on().system.gatewayUrl);
        await route.fulfill({ response: await route.fetch({ url }) });
      });
      await page.goto(trusting('/verify').replace(on().system.gatewayUrl, origin));
      await bar(page, 'refused').waitFor();
      expect(await failure(page, 'ERR_ATTESTATION_ROOT').count()).toBe(1);
      expect(await obstacles(page)).toEqual(NOT_VERIFIED);
      await page.goto(trusting('/verify').replace(on().system.gatewayUrl, origin));
      await page.getByRole('button', { name: /demo/i }).first().click();
      await bar(page, 'verified').locator('.trust-demo').waitFor();
    });

    it('is verified only under the AWS root if the server publishes no development root', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.route('**/api/page', async (route) => {
        const response = await route.fetch();
        const facts = (await response.json()) as object;
        await route.fulfill({ response, json: { ...facts, developmentRoot: null } });
      });
      await page.goto(trusting('/verify'));
      await failure(page, 'ERR_ATTESTATION_ROOT').waitFor();
      await bar(page, 'refused').waitFor();
      expect(await page.getByRole('button', { name: /demo/i }).count()).toBe(0);
      expect(await obstacles(page)).toEqual(NOT_VERIFIED);
    });

    it('is shown with every check, the chain with its dates, the image, the operator and the auditor’s command', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.goto(trusting('/verify'));
      await bar(page, 'verified').waitFor();
      const { chain, ...others } = await statesOf(page);
      expect(chain).toBe('warning');
      expect(new Set(Object.values(others))).toEqual(new Set(['passed']));
      const links = await page.locator('.chain li').allTextContents();
      expect(links).toHaveLength(5);
      for (const link of links) expect(link).toMatch(/20\d\d.*20\d\d.*left/);
      const shown = (await page.locator('main').innerText()).replaceAll(/\s/g, '');
      const { pcr0, pcr3, gatewayUrl } = on().system;
      expect([shown.includes(pcr0), shown.includes(pcr3)]).toEqual([true, true]);
      expect((await page.locator('pre.command').last().textContent())?.trim()).toBe(
        `node communique-tee.mjs verify --gateway ${gatewayUrl} --pcr0 ${pcr0} --pcr3 ${pcr3} --development-root development-root.pem`,
      );
      expect(tab.wrongs).toEqual([]);
    });

    it('is not trusted, and nothing is sealed, if neither the person nor the site names an image', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.route('**/api/page', async (route) => {
        const response = await route.fetch();
        const facts = (await response.json()) as object;
        await route.fulfill({ response, json: { ...facts, acceptedMeasurements: [] } });
      });
      await page.goto(on().link({}, '/verify'));
      await bar(page, 'refused').waitFor();
      const states = await statesOf(page);
      expect(states).toMatchObject({ signature: 'passed', nonce: 'passed' });
      expect(Object.values(states)).toContain('open');
      expect(await obstacles(page)).toEqual(NOT_VERIFIED);
    });

    it('is refused with a wrong PCR0, and verified with the measurements file that the person chooses', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.goto(trusting('/verify', { pcr0: OTHER }));
      await failure(page, 'ERR_ATTESTATION_MEASUREMENT').waitFor();
      expect(await statesOf(page)).toMatchObject({ signature: 'passed', nonce: 'passed', key_binding: 'waiting' });
      const { pcr0, pcr3 } = on().system;
      const detail = (await page.locator('[data-check][data-state="failed"]').innerText()).replaceAll(/\s/g, '');
      expect([detail.includes(pcr0), detail.includes(OTHER)]).toEqual([true, true]);
      expect(await obstacles(page)).toEqual(NOT_VERIFIED);

      await page.goto(trusting('/verify', { pcr0: OTHER }));
      await bar(page, 'refused').waitFor();
      const chosen = (value: object) =>
        page.locator('#compare-file').setInputFiles({
          name: 'measurements.json',
          mimeType: 'application/json',
          buffer: Buffer.from(JSON.stringify(value)),
        });
      await chosen({ pcr0, pcr3 });
      await bar(page, 'verified').waitFor();
    });

    it('is verified with the image that the browser keeps, and refused if a link names another image', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.goto(trusting('/verify'));
      await bar(page, 'verified').waitFor();
      await page.getByRole('button', { name: 'Keep in this browser' }).click();
      await page.goto('about:blank');
      await page.goto(on().link({}, '/verify'));
      await bar(page, 'verified').waitFor();
      await page.goto('about:blank');
      await page.goto(trusting('/verify', { pcr0: OTHER }));
      await bar(page, 'refused').waitFor();
      expect(await obstacles(page)).toEqual(NOT_VERIFIED);
    });

    it('is refused under another operator, and gets a warning if any operator is accepted', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.goto(trusting('/verify', { pcr3: OTHER }));
      await failure(page, 'ERR_ATTESTATION_OPERATOR').waitFor();
      expect(await obstacles(page)).toEqual(NOT_VERIFIED);
      await page.goto('about:blank');
      await page.goto(trusting('/verify', { pcr3: developmentRoleArn }));
      await bar(page, 'refused').waitFor();
      await page.goto('about:blank');
      const { pcr0 } = on().system;
      await page.goto(on().link({ pcr0, pcr3: 'any' }, '/verify'));
      await page.locator('.trust-bar[data-state="verified"][data-warns]').waitFor();
      expect(await page.locator('pre.command').last().textContent()).toContain(' --any-operator');
    });

    it('is refused if one bit of its document was flipped', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.route('**/attestation?*', async (route) => {
        const response = await route.fetch();
        const body = await response.body();
        const at = body.indexOf(Buffer.from(on().system.pcr0, 'hex'));
        body[at] = (body[at] ?? 0) ^ 1;
        await route.fulfill({ response, body });
      });
      await page.goto(trusting('/verify'));
      await failure(page, 'ERR_ATTESTATION_SIGNATURE').waitFor();
      expect(await statesOf(page)).toMatchObject({ structure: 'passed', chain: 'warning', signature: 'failed' });
      expect(await obstacles(page)).toEqual(NOT_VERIFIED);
    });

    it('is refused if the answer is for another nonce, or is not a document', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const earlier = await fetch(`${on().system.gatewayUrl}/attestation?nonce=${'00'.repeat(32)}`, {
        headers: { accept: 'application/cose' },
      });
      let body = Buffer.from(await earlier.arrayBuffer());
      await page.route('**/attestation?*', (route) =>
        route.fulfill({ status: 200, contentType: 'application/cose', body }),
      );
      const again = page.locator('.verdict').getByRole('button', { name: 'Check again' });
      await page.goto(trusting('/verify'));
      await failure(page, 'ERR_ATTESTATION_NONCE').waitFor();
      body = Buffer.from('not a document');
      await again.click();
      await failure(page, 'ERR_ATTESTATION_CBOR').waitFor();
      body = Buffer.alloc(30_000);
      await again.click();
      await bar(page, 'unreachable').waitFor();
      expect(tab.wrongs).toEqual([]);
    });

    it('is refused if its chain has expired, and the page shows which certificate ended', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.clock.setFixedTime(Date.now() + 4 * HOUR_MS);
      await page.goto(trusting('/verify'));
      await failure(page, 'ERR_ATTESTATION_CERTIFICATE_EXPIRED').waitFor();
      const links = page.locator('.chain li');
      expect([await links.first().getAttribute('data-state'), await links.last().getAttribute('data-state')]).toEqual([
        'passed',
        'failed',
      ]);
      expect(await links.last().textContent()).toContain('ended');
    });

    it('is reported as unreachable while the server does not answer, and is verified once it does', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await page.route('**/attestation?*', (route) => route.abort());
      await page.goto(trusting('/verify'));
      await bar(page, 'unreachable').waitFor();
      await page.unroute('**/attestation?*');
      await page.locator('.verdict').getByRole('button', { name: 'Check again' }).click();
      await bar(page, 'verified').waitFor();
    });
  });
}
