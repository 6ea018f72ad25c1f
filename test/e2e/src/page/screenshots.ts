// node tools/run.mjs test/e2e/src/page/screenshots.ts [--folder <folder>] [--all]: starts the system, goes through the page in Chromium and writes
// the pictures of the README into docs/images. --all: every step, light and dark, narrow and wide, for a look by those who change the page.
/* eslint-disable @nx/enforce-module-boundaries -- a command among specs, which may import what they need */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { temporaryFolder, workspaceRoot } from '@communique-tee/test-support';
import { startSystem } from '@communique-tee/test-system';
import type { Browser, Page } from 'playwright-core';
import { openChromium } from '../../../support/src/chromium';
import { EXAMPLE, fillForm } from './fill-form';
import { adminIssuer } from './admin-issuer';

const { values } = parseArgs({ options: { folder: { type: 'string', default: join(workspaceRoot(), 'docs/images') }, all: { type: 'boolean', default: false } } });
const out = resolve(values.folder);
await mkdir(out, { recursive: true });
const folder = await temporaryFolder('screenshots');
const issuer = await adminIssuer(folder.path);
const system = await startSystem({ folder: folder.path, gatewayEnvironment: { ...issuer.environment, SYSTEM_HOURLY_LIMIT: '2' } });
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
    ? ([['', 'light', 1100], ['-dark', 'dark', 1100], ['-narrow', 'light', 360]] as const)
    : ([['', 'light', 1100]] as const);
  for (const [suffix, colorScheme, width] of kinds) {
    const context = await with_.newContext({ colorScheme, viewport: { width, height: 860 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.on('pageerror', (error) => { process.stderr.write(`${error.message}\n`); });
    page.on('console', (message) => { if (message.type() === 'error') process.stderr.write(`${message.text()}\n`); });
    await page.goto(`${system.gatewayUrl}/#pcr0=${system.pcr0}`);
    await page.locator('#development-offer').waitFor();
    if (values.all) await whole(page, `refused${suffix}`);
    await page.locator('#development-use').click();
    await page.locator('#verdict[data-state="open"]').waitFor();
    await page.evaluate('window.scrollTo(0, 0)');
    if (values.all) await whole(page, `verified${suffix}`);
    await page.locator('section[aria-labelledby="proven-title"]').scrollIntoViewIfNeeded();
    await page.evaluate("document.querySelector('#proven-title').scrollIntoView()");
    await page.screenshot({ path: join(out, `page-checks${suffix}.png`) });
    if (values.all) for (const details of await page.locator('#evidence details').all()) await details.locator('summary').first().click();
    if (values.all) await whole(page, `evidence${suffix}`);
    if (values.all) {
      await page.locator('button[type=submit]', { hasText: 'Seal and send' }).click();
      await whole(page, `problems${suffix}`);
    }
    await fillForm(page);
    await page.locator('#token').fill(await issuer.token('screenshots'));
    await page.locator('button[type=submit]', { hasText: 'Seal and send' }).click();
    await page.locator('#result-title').waitFor();
    await page.evaluate("document.querySelector('#sealed-part').scrollIntoView()");
    await page.screenshot({ path: join(out, `page-sealed${suffix}.png`) });
    if (values.all) await whole(page, `sent${suffix}`);
    await page.goto(`${system.gatewayUrl}/status`);
    await page.locator('#admin-token').fill(await issuer.token('operator', 'communique:admin'));
    await page.locator('#admin-form button').click();
    await page.locator('#admin-charts figure').first().waitFor();
    if (values.all) await whole(page, `status${suffix}`);
    await context.close();
  }
  process.stdout.write(`${out}: written, with “${EXAMPLE['message/subject']}”\n`);
}

async function whole(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(out, `${name}.png`), fullPage: true });
}
