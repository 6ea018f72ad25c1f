import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { CommandLine, EXIT_CODES, writableFolder } from '@communique-tee/command-line';
import { connect } from '@communique-tee/client';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { startSystem, type System } from '@communique-tee/test-system';
import type { Browser, Page } from 'playwright-core';
import { openChromium } from '@communique-tee/testing/chromium';
import { EXAMPLE, fillForm } from './fill-form';

const STATUS_SECONDS = 150;
const MARGIN_PX = 10;

interface Options {
  readonly folder: string;
  readonly all?: boolean;
}

/** The running system, and where the pictures go. */
interface Session {
  readonly out: string;
  readonly all: boolean;
  readonly system: System;
}

const line = new CommandLine(
  'node tools/run.mjs test/e2e/src/page/screenshots.ts',
  'Starts the system, goes through the page in Chromium and draws the pictures of the README.',
);
line.program
  .option('--folder <folder>', 'where the pictures go', join(workspaceRoot(), 'docs/images'))
  .option('--all', 'draw every step, light and dark, narrow and wide, to check a change of the page')
  .addHelpText('after', EXIT_CODES)
  .action(line.run(draw));
process.exitCode = await line.parse(process.argv.slice(2));

async function draw(options: Options): Promise<number> {
  const out = writableFolder('--folder', options.folder);
  const folder = await temporaryFolder('screenshots');
  const system = await startSystem({
    folder: folder.path,
    gatewayEnvironment: { SYSTEM_HOURLY_LIMIT: '5', DEFAULT_USER_DAILY_LIMIT: '100' },
  });
  const session = { out, all: options.all === true, system };
  const traffic = sendMessages(session);
  const chromium = await openChromium();
  try {
    const browser = (await chromium.newPage()).context().browser();
    if (browser === null) throw new Error('the tab has no browser');
    await pictures(browser, session, traffic);
    return 0;
  } finally {
    await chromium.close();
    await system.stop();
    await folder.remove();
  }
}

async function pictures(with_: Browser, session: Session, traffic: Promise<void>): Promise<void> {
  const { out, all, system } = session;
  const whole = (page: Page, name: string) => wholePage(page, join(out, `${name}.png`));
  const part = (page: Page, name: string, from: string, to: string) =>
    partOfPage(page, join(out, `${name}.png`), from, to);
  const kinds = all
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
    await page.goto(`${system.gatewayUrl}/#pcr0=${system.pcr0}&pcr3=${system.pcr3}`);
    await page.locator('#development-offer').waitFor();
    if (all) await whole(page, `refused${suffix}`);
    await page.locator('#development-use').click();
    await page.locator('#verdict[data-state="open"]').waitFor();
    await page.evaluate('window.scrollTo(0, 0)');
    if (all) await whole(page, `verified${suffix}`);
    await part(page, `page-checks${suffix}`, '#proven-title', '#checks');
    if (all)
      for (const details of await page.locator('#evidence details').all())
        await details.locator('summary').first().click();
    if (all) await whole(page, `evidence${suffix}`);
    if (all) {
      await page.locator('button[type=submit]', { hasText: 'Seal and send' }).click();
      await whole(page, `problems${suffix}`);
    }
    await fillForm(page);
    await page.locator('#token').fill(await system.issuer.token('screenshots'));
    await page.locator('button[type=submit]', { hasText: 'Seal and send' }).click();
    await page.locator('#result-title').waitFor();
    await part(page, `page-sealed${suffix}`, '#sealed-part', '#sealed');
    if (all) await whole(page, `sent${suffix}`);
    await traffic;
    await page.goto(`${system.gatewayUrl}/status`);
    await page.locator('#admin-token').fill(await system.issuer.token('operator', 3600, 'communique:admin'));
    await page.locator('#admin-form button').click();
    await page.locator('#admin-charts figure').first().waitFor();
    if (all) await whole(page, `status${suffix}`);
    await part(page, `page-status${suffix}`, '#health-title', '#public-charts');
    await context.close();
  }
  process.stdout.write(`${out}: written, with “${EXAMPLE['message/subject']}”\n`);
}

/** So that the charts have something to show: messages for some minutes, an enclave that is away for a moment. */
async function sendMessages({ system }: Session): Promise<void> {
  const policy = {
    acceptedMeasurements: system.accepted,
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
  const endMs = Date.now() + STATUS_SECONDS * 1000;
  let restarted = false;
  for (let round = 0; Date.now() < endMs; round++) {
    // Another person each time: one alone would soon have had their share of the small budget
    const token = await system.issuer.token(`screenshots-${String(round)}`);
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
async function partOfPage(page: Page, path: string, from: string, to: string): Promise<void> {
  const [first, last] = [await page.locator(from).boundingBox(), await page.locator(to).boundingBox()];
  if (first === null || last === null) throw new Error(`${from} or ${to} is not to be seen`);
  const scrolled = await page.evaluate<number>('window.scrollY');
  const y = Math.max(0, first.y + scrolled - MARGIN_PX);
  await page.screenshot({
    path,
    fullPage: true,
    clip: { x: 0, y, width: page.viewportSize()?.width ?? 0, height: last.y + last.height + scrolled + MARGIN_PX - y },
  });
}

async function wholePage(page: Page, path: string): Promise<void> {
  await page.screenshot({ path, fullPage: true });
}
