import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { receivedBy, startSystem, type System } from '@communique-tee/test-system';
import type { Browser, Page } from 'playwright-core';
import { chromiumAvailability, openChromium, type Chromium } from '@communique-tee/testing/chromium';
import { developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import { EXAMPLE, fillForm } from './fill-form';
import { type Visit, visit } from './visit';
import { CHECK_NAMES } from '@communique-tee/enclave-identity';

const HOUR_MS = 3_600_000;

describeWith(chromiumAvailability(), 'the page', () => {
  let folder: TemporaryFolder;
  let system: System;
  let chromium: Chromium;
  let browser: Browser;
  let axe: string;

  beforeAll(async () => {
    folder = await temporaryFolder('page');
    axe = await readFile(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
    chromium = await openChromium();
    const found = (await chromium.newPage()).context().browser();
    if (found === null) throw new Error('the tab has no browser');
    browser = found;
    system = await startSystem({
      folder: folder.path,
      gatewayEnvironment: {
        DELIVERY_MIN_BACKOFF_MS: '50',
        DELIVERY_MAX_BACKOFF_MS: '500',
        DELIVERY_POLL_MS: '100',
        ENCLAVE_TIMEOUT_MS: '5000',
        DELIVERY_LEASE_MS: '6000',
        RATE_LIMIT_MAX_REQUESTS: '10000',
        RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '10000',
      },
    });
  }, 180_000);
  afterAll(async () => {
    await (chromium as Chromium | undefined)?.close();
    await (system as System | undefined)?.stop();
    await folder.remove();
  });
  beforeEach(() => setFaults({}));

  const open = (options = {}): Promise<Visit> => visit(browser, system.gatewayUrl, options);
  const setFaults = (plan: object) =>
    fetch(`${system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
  const verdict = (page: Page, state: string) => page.locator(`#verdict[data-state="${state}"]`);
  const stateOf = (page: Page, check: string) => page.locator(`#check-${check}`).getAttribute('data-state');
  const statesOf = async (page: Page) =>
    Object.fromEntries(
      await Promise.all(['answer', ...CHECK_NAMES].map(async (name) => [name, await stateOf(page, name)])),
    );
  const fits = (page: Page) =>
    page.evaluate<boolean>('document.documentElement.scrollWidth <= document.documentElement.clientWidth');

  /** The page's address with an image and an operator to trust. */
  const trusting = (pcr0 = system.pcr0, pcr3 = system.pcr3) => `${system.gatewayUrl}/#pcr0=${pcr0}&pcr3=${pcr3}`;

  /** As a person in development does: a measurement from elsewhere, and the development root by their own click. What comes of it is for the test. */
  async function underDevelopmentRoot(page: Page, pcr0 = system.pcr0): Promise<void> {
    await page.goto(trusting(pcr0));
    await page.locator('#development-use').click();
    await page.locator('#development').waitFor();
  }

  async function verified(page: Page): Promise<void> {
    await underDevelopmentRoot(page);
    await verdict(page, 'open').waitFor();
  }

  async function send(page: Page): Promise<void> {
    await fillForm(page);
    await page.locator('#token').fill(await system.issuer.token('alice'));
    await page.locator('#message-form button[type=submit]').click();
  }

  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(axe);
    return page.evaluate<string[]>(
      "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)))",
    );
  }

  describe('who answers', () => {
    it('does not trust a development root by itself, and says loudly what it is worth', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.goto(trusting());
      await verdict(page, 'failed').getByText('ERR_ATTESTATION_ROOT').waitFor();
      expect(await page.locator('#chain li').first().getAttribute('data-state')).toBe('failed');
      await page.locator('#development-offer').getByText('they prove nothing').waitFor();
      await page.locator('#development-use').click();
      await verdict(page, 'open').getByText('proves nothing').waitFor();
      await page.locator('#development').getByText('This proves nothing').waitFor();
      await page.reload();
      await verdict(page, 'failed').waitFor();
      expect(tab.wrongs).toEqual([]);
    });

    it('offers no other root where the server gives none, as in production', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.route('**/api/page', (route) =>
        route.fulfill({ json: { acceptedMeasurements: system.accepted, developmentRoot: null } }),
      );
      await page.goto(trusting());
      await verdict(page, 'failed').getByText('ERR_ATTESTATION_ROOT').waitFor();
      await page.locator('summary', { hasText: 'What the server says' }).click();
      await page.locator('#server-pcr0s').getByText(system.pcr0.slice(0, 8)).waitFor();
      expect(await page.locator('#development-offer').isVisible()).toBe(false);
      await fillForm(page);
      await page.locator('#seal-only').click();
      await page.locator('#write-note').getByText('not verified').waitFor();
    });

    it('shows every check, the chain with its dates, and the measurement', async () => {
      await using tab = await open();
      const { page } = tab;
      await verified(page);
      await verdict(page, 'open').waitFor();
      const { chain, ...others } = await statesOf(page);
      expect(chain).toBe('warning');
      expect(new Set(Object.values(others))).toEqual(new Set(['passed']));
      expect((await page.locator('#pcr0').textContent())?.replaceAll(' ', '')).toBe(system.pcr0);
      expect((await page.locator('#pcr3').textContent())?.replaceAll(' ', '')).toBe(system.pcr3);
      await page.locator('summary', { hasText: 'chain of certificates' }).click();
      const links = await page.locator('#chain li').allTextContents();
      expect(links).toHaveLength(5);
      for (const link of links) expect(link).toMatch(/holds.*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC to .* left/);
      expect(await page.locator('#own-command').textContent()).toBe(
        `node communique-tee.mjs verify --gateway ${system.gatewayUrl} --pcr0 ${system.pcr0} --pcr3 ${system.pcr3}`,
      );
      expect(tab.wrongs).toEqual([]);
    });

    it('compares with nothing where the person named nothing, and seals nothing', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.goto(system.gatewayUrl);
      await page.locator('#development-use').click();
      await verdict(page, 'open').getByText('of some image').waitFor();
      expect(await stateOf(page, 'image')).toBe('open');
      await fillForm(page);
      await page.locator('#seal-only').click();
      await page.locator('#write-note').getByText('First name the image').waitFor();
      expect(await page.locator('#sealed-part').isVisible()).toBe(false);
    });

    it('refuses a wrong PCR0, and keeps the one it was given for the next time', async () => {
      await using tab = await open();
      const { page } = tab;
      await underDevelopmentRoot(page, 'ab'.repeat(48));
      await verdict(page, 'failed').getByText('ERR_ATTESTATION_MEASUREMENT').waitFor();
      expect(await statesOf(page)).toMatchObject({
        signature: 'passed',
        nonce: 'passed',
        image: 'failed',
        key_binding: 'waiting',
      });
      expect(await page.locator('#check-image .check-detail').textContent()).toContain(
        `It attests ${system.pcr0}. You gave ${'ab'.repeat(48)}.`,
      );
      await fillForm(page);
      await page.locator('#message-form button[type=submit]').click();
      await page.locator('#write-note').getByText('not verified').waitFor();
      await page.locator('#pcr0-input').fill(JSON.stringify({ pcr0: system.pcr0, pcr1: 'ab'.repeat(48) }));
      await page.locator('#pcr0-form button[type=submit]').click();
      await verdict(page, 'open').waitFor();
      await page.goto('about:blank');
      await page.goto(system.gatewayUrl);
      expect(await page.locator('#pcr0-input').inputValue()).toBe(system.pcr0);
      await page.goto('about:blank');
      await page.goto(trusting('cd'.repeat(48)));
      await page.locator('#pcr0-source').getByText('NOT what this browser keeps').waitFor();
      await page.locator('#pcr0-input').fill('12');
      await page.locator('#pcr0-form button[type=submit]').click();
      await page.locator('#pcr0-error').getByText('96 hexadecimal digits').waitFor();
    });

    it('refuses the image under another operator, and requires the operator unless any is accepted', async () => {
      await using tab = await open();
      const { page } = tab;
      const submit = page.locator('#pcr0-form button[type=submit]');
      await page.goto(trusting(system.pcr0, 'ab'.repeat(48)));
      await page.locator('#development-use').click();
      await verdict(page, 'failed').getByText('ERR_ATTESTATION_OPERATOR').waitFor();
      expect(await statesOf(page)).toMatchObject({ image: 'passed', operator: 'failed', key_binding: 'waiting' });
      expect(await page.locator('#check-operator .check-detail').textContent()).toContain(
        `It attests ${system.pcr3}. You gave ${'ab'.repeat(48)}.`,
      );

      await page.locator('#operator-input').fill('');
      await submit.click();
      await page.locator('#operator-error').getByText('Name the operator').waitFor();
      expect(await page.evaluate('document.activeElement.id')).toBe('operator-input');
      await page.locator('#operator-input').fill(developmentRoleArn);
      await submit.click();
      await page.locator('#operator-error').getByText('is 96 hexadecimal digits').waitFor();

      await page.locator('#operator-any').check();
      await submit.click();
      await verdict(page, 'open').getByText('Everything fits').waitFor();
      expect(await stateOf(page, 'operator')).toBe('warning');
      expect(await page.locator('#own-command').textContent()).toMatch(/ --any-operator$/);
      await page.locator('#operator-any').uncheck();
      await page.locator('#operator-input').fill(system.pcr3);
      await submit.click();
      await page.locator('#check-operator[data-state="passed"]').waitFor();
      await page.goto('about:blank');
      await page.goto(system.gatewayUrl);
      expect(await page.locator('#operator-input').inputValue()).toBe(system.pcr3);

      await page.goto('about:blank');
      await page.goto(`${system.gatewayUrl}/#pcr0=${system.pcr0}`);
      await page.locator('#development-use').click();
      await verdict(page, 'open').waitFor();
      expect(await stateOf(page, 'operator')).toBe('open');
      await fillForm(page);
      await page.locator('#seal-only').click();
      await page.locator('#write-note').getByText('First name the image and the operator').waitFor();
      expect(tab.wrongs).toEqual([]);
    });

    it('refuses a forged document', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.route('**/attestation?*', async (route) => {
        const response = await route.fetch();
        const body = await response.body();
        const at = body.indexOf(Buffer.from(system.pcr0, 'hex'));
        body[at] = (body[at] ?? 0) ^ 1;
        await route.fulfill({ response, body });
      });
      await underDevelopmentRoot(page);
      await verdict(page, 'failed').getByText('ERR_ATTESTATION_SIGNATURE').waitFor();
      expect(await statesOf(page)).toMatchObject({
        structure: 'passed',
        chain: 'warning',
        signature: 'failed',
        debug_mode: 'waiting',
        image: 'waiting',
      });
      await page.locator('#claims-warning').getByText('what the document claims').waitFor();
    });

    it('refuses a document that was made for somebody else, and what is no document', async () => {
      await using tab = await open();
      const { page } = tab;
      const earlier = Buffer.from(
        await (
          await fetch(`${system.gatewayUrl}/attestation?nonce=${'00'.repeat(32)}`, {
            headers: { accept: 'application/cose' },
          })
        ).arrayBuffer(),
      );
      let body = earlier;
      await page.route('**/attestation?*', (route) =>
        route.fulfill({ status: 200, contentType: 'application/cose', body }),
      );
      await underDevelopmentRoot(page);
      await verdict(page, 'failed').getByText('ERR_ATTESTATION_NONCE').waitFor();
      body = Buffer.from('not a document');
      await page.locator('#again').click();
      await verdict(page, 'failed').getByText('ERR_ATTESTATION_CBOR').waitFor();
      body = Buffer.alloc(30_000);
      await page.locator('#again').click();
      await verdict(page, 'failed').getByText('too large').waitFor();
      expect(tab.wrongs).toEqual([]);
    });

    it('refuses an expired chain, and shows which link ended', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.clock.setFixedTime(Date.now() + 4 * HOUR_MS);
      await underDevelopmentRoot(page);
      await verdict(page, 'failed').getByText('ERR_ATTESTATION_CERTIFICATE_EXPIRED').waitFor();
      const last = page.locator('#chain li').last();
      expect(await last.getAttribute('data-state')).toBe('failed');
      expect(await last.textContent()).toContain('ended');
      expect(await page.locator('#chain li').first().getAttribute('data-state')).toBe('passed');
    });
  });

  describe('a message', () => {
    it('is sealed here, delivered, and its receipt verified; no plain text leaves', async () => {
      await using tab = await open();
      const { page } = tab;
      const left: Buffer[] = [];
      page.on('request', (request) =>
        left.push(
          Buffer.from(request.url()),
          Buffer.from(JSON.stringify(request.headers())),
          request.postDataBuffer() ?? Buffer.alloc(0),
        ),
      );
      await verified(page);
      await send(page);
      await page.locator('#result-title').getByText('Receipt verified: every office has it').waitFor();
      expect(await page.locator('#states li').allTextContents()).toEqual(
        expect.arrayContaining([
          expect.stringContaining('Sealed: 1,146 bytes'),
          expect.stringContaining('cannot open it'),
          expect.stringContaining('Receipt verified'),
        ]),
      );
      const rows = await page.locator('#result table tbody tr').allTextContents();
      expect(rows.map((row) => row.slice(0, 5))).toEqual(['HCA12', 'SCA01', 'SCA03']);
      const ids = await page.locator('#result table td code').allTextContents();
      expect((await receivedBy(system.congress)).filter(({ deliveryId }) => ids.includes(deliveryId))).toHaveLength(3);
      await page.locator('section[aria-labelledby="stays"] pre').getByText('example.constituent@example.org').waitFor();
      const dump = (await page.locator('section[aria-labelledby="leaves"] pre').textContent()) ?? '';
      const shown = Buffer.from(
        dump
          .split('\n')
          .map((row) => row.slice(5).replaceAll(/\s/g, ''))
          .join(''),
        'hex',
      );
      expect(left.some((body) => body.equals(shown))).toBe(true);
      for (const plain of ['Example', 'Oakland', '94601', 'parks', 'Mx.'])
        expect(left.filter((each) => each.includes(plain))).toEqual([]);
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a[download]').click()]);
      const receipt = JSON.parse(await readFile(await download.path(), 'utf8')) as object;
      expect(Object.keys(receipt)).toEqual(['receipt', 'attestation_document']);
      expect(tab.wrongs).toEqual([]);
    });

    it('is sealed for a look without a token, and nothing is sent', async () => {
      await using tab = await open();
      const { page } = tab;
      const posts: string[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST') posts.push(request.url());
      });
      await verified(page);
      await fillForm(page, { 'message/body': 'ä'.repeat(2000) });
      await page.locator('#seal-only').click();
      await page.locator('#write-note').getByText('Nothing was sent').waitFor();
      await page.locator('section[aria-labelledby="leaves"]').getByText('8,314 sealed bytes').waitFor();
      await page.locator('section[aria-labelledby="leaves"]').getByText('bytes more').waitFor();
      await page.locator('#message-form button[type=submit]').click();
      await page.locator('#write-note').getByText('Paste a token').waitFor();
      expect(posts).toEqual([]);
    });

    it('is asked for what is missing or wrong, field by field, and keeps what was typed', async () => {
      await using tab = await open();
      const { page } = tab;
      await verified(page);
      expect(
        await page
          .locator('#fields input:not([type=checkbox]):not([type=radio]), #fields textarea')
          .evaluateAll((all) => all.map((each) => (each as unknown as { value: string }).value).join('')),
      ).toBe('');
      await page.locator('#message-form button[type=submit]').click();
      expect(await page.locator('#form-problems li').count()).toBe(13);
      expect(await page.evaluate('document.activeElement.id')).toBe('form-problems');
      await fillForm(page, { 'constituent/zip': '9460', offices: 'HCA12 HCA53' });
      await page.locator('summary', { hasText: 'More, if you want' }).click();
      await page.locator('[name="message/bills"]').fill('119 hr 1\nnonsense');
      await page.locator('[name="constituent/phone"]').fill('12');
      await page.locator('#message-form button[type=submit]').click();
      expect(await page.locator('#form-problems li').allTextContents()).toEqual([
        'Offices: number 2 is an office that does not exist; an address in CA has HCA01 to HCA52 (House), SCA01 and SCA03 (Senate).',
        'ZIP code: must be five digits, or five, a hyphen and four, such as 94601 or 94601-1234.',
        'Phone: must be ten digits with two hyphens and no country code, such as 202-555-0100.',
        'Bills: must be the number of a Congress, such as 119.',
      ]);
      await page.locator('#form-problems a', { hasText: 'ZIP' }).click();
      expect(await page.evaluate('document.activeElement.name')).toBe('constituent/zip');
      expect(await page.locator('[name="constituent/zip"]').inputValue()).toBe('9460');
      expect(tab.wrongs).toEqual([]);
    });

    it('that Congress refuses is refused by a receipt, with the reason for the sender', async () => {
      await using tab = await open();
      const { page } = tab;
      await setFaults({
        queue: [{ fault: { kind: 'status', status: 400, body: 'the office is vacant' }, times: 'always' }],
      });
      await verified(page);
      await send(page);
      await page.locator('#result-title').getByText('no office took it').waitFor();
      expect(await page.locator('#result table').textContent()).toContain('vacant');
    });

    it('a token that is not taken is said, and another one can be tried', async () => {
      await using tab = await open();
      const { page } = tab;
      await verified(page);
      await fillForm(page);
      await page.locator('#token').fill('no.such.token');
      await page.locator('#message-form button[type=submit]').click();
      await page.locator('#follow-error').getByText('does not take this token').waitFor();
      await page.locator('#token').fill(await system.issuer.token('alice'));
      await page.locator('#message-form button[type=submit]').click();
      await page.locator('#result-title').getByText('Receipt verified').waitFor();
    });

    it('goes on when the gateway goes away in the middle and comes back', async () => {
      await using tab = await open();
      const { page } = tab;
      await setFaults({ queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 1 }, times: 12 }] });
      await verified(page);
      await send(page);
      await page.locator('#states').getByText('The server has it').waitFor();
      await system.kill('gateway');
      await page.locator('#silence').getByText('cannot be reached').waitFor({ timeout: 60_000 });
      await page.locator('#again').click();
      await verdict(page, 'failed').getByText('Nobody answers').waitFor();
      await setFaults({});
      await system.start('gateway');
      await page.locator('#result-title').getByText('Receipt verified').waitFor({ timeout: 90_000 });
    });
  });

  it('works by keyboard alone', async () => {
    await using tab = await open();
    const { page } = tab;
    await page.goto(system.gatewayUrl);
    await page.locator('#development-offer').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    const tabTo = async (selector: string) => {
      for (let presses = 0; presses < 150; presses++) {
        if (await page.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`the Tab key does not lead to ${selector}`);
    };
    await tabTo('#development-use');
    await page.keyboard.press('Enter');
    await verdict(page, 'open').waitFor();
    await tabTo('#pcr0-input');
    await page.keyboard.type(system.pcr0);
    await tabTo('#operator-input');
    await page.keyboard.type(system.pcr3);
    await tabTo('#pcr0-form button[type=submit]');
    await page.keyboard.press('Space');
    await verdict(page, 'open').getByText('Everything fits').waitFor();
    for (const name of [
      'offices',
      'campaignId',
      'constituent/prefix',
      'constituent/firstName',
      'constituent/lastName',
      'constituent/address1',
      'constituent/city',
    ] as const) {
      await tabTo(`[name="${name}"]`);
      await page.keyboard.type(EXAMPLE[name]);
    }
    await tabTo('[name="constituent/state"]');
    await page.keyboard.type('CA');
    for (const name of ['constituent/zip', 'constituent/email', 'message/subject', 'message/body'] as const) {
      await tabTo(`[name="${name}"]`);
      await page.keyboard.type(EXAMPLE[name]);
    }
    await tabTo('[name="message/topics"]');
    await page.keyboard.press('Space');
    await tabTo('#token');
    await page.keyboard.insertText(await system.issuer.token('keyboard'));
    await page.keyboard.press('Enter');
    await page.locator('#result-title').getByText('Receipt verified').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('result-title');
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    it.each([360, 1280])(
      'has nothing that axe objects to and no scrolling sideways at %p px, from the first look to the receipt',
      async (width) => {
        await using tab = await open({ colorScheme, viewport: { width, height: 800 } });
        const { page } = tab;
        await page.goto(trusting());
        await page.locator('#development-offer').waitFor();
        expect([await violations(page), await fits(page)]).toEqual([[], true]);
        await page.locator('#development-use').click();
        await verdict(page, 'open').waitFor();
        await page.locator('#message-form button[type=submit]').click();
        await page.locator('#form-problems').waitFor();
        expect([await violations(page), await fits(page)]).toEqual([[], true]);
        await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
        await send(page);
        await page.locator('#result-title').waitFor();
        expect([await violations(page), await fits(page)]).toEqual([[], true]);
        expect(tab.wrongs).toEqual([]);
      },
    );

    it.each([360, 1280])('so has the page for operators at %p px', async (width) => {
      await using tab = await open({ colorScheme, viewport: { width, height: 800 } });
      const { page } = tab;
      await page.goto(`${system.gatewayUrl}/status`);
      await page.locator('#public-charts figure').first().waitFor();
      await page.locator('#admin-token').fill(await system.issuer.token('operator', 3600, 'communique:admin'));
      await page.locator('#admin-form button').click();
      await page.locator('#admin-charts figure').first().waitFor();
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect([await violations(page), await fits(page)]).toEqual([[], true]);
      expect(tab.wrongs).toEqual([]);
    });
  });

  describe('/status', () => {
    it('shows health to anybody, and the rest to whoever has the scope of administration', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.goto(`${system.gatewayUrl}/status`);
      await page.locator('#now[data-state="passed"]').getByText('Everything is up').waitFor();
      await page
        .locator('#public-charts')
        .getByRole('img', { name: /^enclave: up/ })
        .waitFor();
      expect(await page.locator('#admin-charts figure').count()).toBe(0);
      await page.locator('#admin-token').fill(await system.issuer.token('alice'));
      await page.locator('#admin-form button').click();
      await page.locator('#admin-note').getByText('does not hold the scope').waitFor();
      await page.locator('#admin-token').fill(await system.issuer.token('operator', 3600, 'communique:admin'));
      await page.locator('#admin-form button').click();
      await page.getByRole('img', { name: /^Budget of the hour\. Now: .*cap \$100\.00/ }).waitFor();
      expect(await page.locator('#admin-token').inputValue()).toBe('');
      expect(await page.evaluate('JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])')).toBe(
        '[{},{},""]',
      );
    });

    it('says that the server is away, and goes on when it is back', async () => {
      await using tab = await open();
      const { page } = tab;
      await page.goto(`${system.gatewayUrl}/status`);
      await page.locator('#now[data-state="passed"]').waitFor();
      const lookNow = () => page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      await page.route('**/api/**', (route) => route.abort());
      await lookNow();
      await page.locator('#now[data-state="failed"]').getByText('cannot be reached').waitFor();
      await page.unroute('**/api/**');
      await lookNow();
      await page.locator('#now[data-state="passed"]').waitFor();
    });
  });
});
