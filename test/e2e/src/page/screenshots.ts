// node tools/run.mjs test/e2e/src/page/screenshots.ts [--folder <folder>] [--all]: starts the system, goes through the page in Chromium and writes
// the pictures of the README into docs/images. --all: every step, light and dark, narrow and wide, for a look by those who change the page.
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from '@communique-tee/client';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { startSystem } from '@communique-tee/test-system';
import type { Browser, Page } from 'playwright-core';
import { openChromium } from '@communique-tee/testing/chromium';
import { EXAMPLE, fillForm } from './fill-form';
import { adminIssuer } from './admin-issuer';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: join(workspaceRoot(), 'docs/images') },
    all: { type: 'boolean', default: false },
  },
});
const out = resolve(values.folder);
const STATUS_SECONDS = 150;
const MARGIN_PX = 10;
await mkdir(out, { recursive: true });
const folder = await temporaryFolder('screenshots');
const issuer = await adminIssuer(folder.path);
const system = await startSystem({
  folder: folder.path,
  gatewayEnvironment: { ...issuer.environment, SYSTEM_HOURLY_LIMIT: '5', DEFAULT_USER_DAILY_LIMIT: '100' },
});
const traffic = sendMessages();
const chromium = await openChromium();
try {
  const browser = (await chromium.newPage()).context().browser();
  if (browser === null) throw new Error('the tab has no browser');
  await pictures(browser);
} finally {
  await chromium.close();
  await system.stop();
  await folder.remove();
}

async function pictures(with_: Browser): Promise<void> {
  const kinds = values.all
    ? ([
        ['', 'light', 1100],
        ['-dark', 'dark', 1100],
        ['-narrow', 'light', 360],
      ] as const)
    : ([['', 'light', 1100]] as const);
  for (const [suffix, colorScheme, width] of kinds) {
    const context = await with_.newContext({ colorScheme, viewport: { width, height: 860 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.on('pageerror', (error) => {
      process.stderr.write(`${error.message}\n`);
    });
    page.on('console', (message) => {
      if (message.type() === 'error') process.stderr.write(`${message.text()}\n`);
    });
    await page.goto(`${system.gatewayUrl}/#pcr0=${system.pcr0}`);
    await page.locator('#development-offer').waitFor();
    if (values.all) await whole(page, `refused${suffix}`);
    await page.locator('#development-use').click();
    await page.locator('#verdict[data-state="open"]').waitFor();
    await page.evaluate('window.scrollTo(0, 0)');
    if (values.all) await whole(page, `verified${suffix}`);
    await part(page, `page-checks${suffix}`, '#proven-title', '#checks');
    if (values.all)
      for (const details of await page.locator('#evidence details').all())
        await details.locator('summary').first().click();
    if (values.all) await whole(page, `evidence${suffix}`);
    if (values.all) {
      await page.locator('button[type=submit]', { hasText: 'Seal and send' }).click();
      await whole(page, `problems${suffix}`);
    }
    await fillForm(page);
    await page.locator('#token').fill(await issuer.token('screenshots'));
    await page.locator('button[type=submit]', { hasText: 'Seal and send' }).click();
    await page.locator('#result-title').waitFor();
    await part(page, `page-sealed${suffix}`, '#sealed-part', '#sealed');
    if (values.all) await whole(page, `sent${suffix}`);
    await traffic;
    await page.goto(`${system.gatewayUrl}/status`);
    await page.locator('#admin-token').fill(await issuer.token('operator', 'communique:admin'));
    await page.locator('#admin-form button').click();
    await page.locator('#admin-charts figure').first().waitFor();
    if (values.all) await whole(page, `status${suffix}`);
    await part(page, `page-status${suffix}`, '#health-title', '#public-charts');
    await context.close();
  }
  process.stdout.write(`${out}: written, with “${EXAMPLE['message/subject']}”\n`);
}

/** So that the charts have something to show: messages for some minutes, an enclave that is away for a moment. */
async function sendMessages(): Promise<void> {
  const policy = {
    acceptedMeasurements: [{ pcr0: system.pcr0 }] as const,
    unsafeDevelopmentRootPem: system.developmentRootPem,
  };
  const message = {
    offices: ['HCA12', 'SCA01', 'SCA03'],
    constituent: {
      prefix: 'Mx.',
      firstName: 'Example',
      lastName: 'Constituent',
      address1: '1 Example Street',
      city: 'Oakland',
      state: 'CA',
      zip: '94601',
      email: 'example.constituent@example.org',
    },
    message: { subject: EXAMPLE['message/subject'], body: EXAMPLE['message/body'], topics: ['Energy'] },
    campaignId: 'example-campaign',
  } as const;
  const token = await issuer.token('screenshots');
  const endMs = Date.now() + STATUS_SECONDS * 1000;
  let restarted = false;
  while (Date.now() < endMs) {
    const client = await connect(system.gatewayUrl, policy, { token: () => token });
    await Promise.all(Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => client.send(message).result));
    if (!restarted && Date.now() > endMs - STATUS_SECONDS * 500) {
      restarted = true;
      await system.kill('enclave');
      await sleep(21_000);
      await system.start('enclave');
    }
    await sleep(2000 + Math.random() * 3000);
  }
}

/** The page's whole width, from one element to the end of another. */
async function part(page: Page, name: string, from: string, to: string): Promise<void> {
  const [first, last] = [await page.locator(from).boundingBox(), await page.locator(to).boundingBox()];
  if (first === null || last === null) throw new Error(`${from} or ${to} is not to be seen`);
  const scrolled = await page.evaluate<number>('window.scrollY');
  const y = Math.max(0, first.y + scrolled - MARGIN_PX);
  await page.screenshot({
    path: join(out, `${name}.png`),
    fullPage: true,
    clip: { x: 0, y, width: page.viewportSize()?.width ?? 0, height: last.y + last.height + scrolled + MARGIN_PX - y },
  });
}

async function whole(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(out, `${name}.png`), fullPage: true });
}
