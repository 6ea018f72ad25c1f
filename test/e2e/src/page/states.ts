import type { OutcomesInput } from '@communique-tee/congress-simulator';
import { expireWaiting } from '@communique-tee/test-system';
import { readFile } from 'node:fs/promises';
import type { Page, Route } from 'playwright-core';
import type { PageSystem } from './page-system';
import type { Sender } from './sender';

/** A new tab, the running system, and the sender who acts in the tab. */
export interface Stage<On extends PageSystem = PageSystem> {
  readonly on: On;
  readonly page: Page;
  readonly sender: Sender;
}

/** One state of the page. Tests run axe on every state, and can take a screenshot of it. */
export interface PageState<On extends PageSystem = PageSystem> {
  readonly name: string;
  /** Brings a new tab into this state, and waits until the state is shown. */
  readonly reach: (stage: Stage<On>) => Promise<void>;
}

const OTHER_IMAGE = 'ab'.repeat(48);
const everywhere = (outcome: OutcomesInput[string]): OutcomesInput => ({ house: outcome, senate: outcome });
export const problem = (status: number, code: string, headers: Record<string, string> = {}) => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: JSON.stringify({ type: 'about:blank', title: code, status, code }),
});
export const hold = (): Promise<void> => new Promise(() => undefined);
export const POST = '**/api/messages';
/** The route of tasks for models. */
export const TASKS = '**/api/agents';
/** The collapsible writing help in step 2. */
export const helpOf = (page: Page) => page.locator('details:has(.help)');
export async function openHelp(page: Page): Promise<void> {
  await helpOf(page).locator('summary').first().click();
  await page.locator('#help-cost').waitFor();
}

/** Sends a message, which Congress answers with `answers`. Waits until the page shows the message's card. */
async function send({ on, page, sender }: Stage, answers: OutcomesInput = {}): Promise<void> {
  await on.answers(answers);
  await sender.toReview(on.link());
  await sender.send();
  await page.locator('.send-card').waitFor();
}

const sends =
  (answers: OutcomesInput = {}) =>
  async (stage: Stage): Promise<void> => {
    await send(stage, answers);
    await stage.sender.result();
  };

/** Returns the steps that send a message while `answer` replaces the gateway's answer to the post. */
const sendsAgainst =
  (answer: (route: Route) => Promise<void>) =>
  async (stage: Stage): Promise<void> => {
    await stage.page.route(POST, (route) => (route.request().method() === 'POST' ? answer(route) : route.continue()));
    await send(stage);
  };

/** Opens a link to a template. This function answers the page's request for the templates, in place of the gateway. */
async function openTemplate({ on, page, sender }: Stage, slug: string): Promise<void> {
  const template = {
    ...{ id: '1b4e28ba-2fa1-41d2-883f-0016d3cca427', slug: 'city-parks', title: 'Keep our parks open', version: 1 },
    ...{ description: 'Two parks may close next year.', category: 'Environment', language: 'en', topics: ['Energy'] },
    ...{ subject: 'Please fund our parks', body: 'Please fund the parks of our district.', stance: 'pro', bills: [] },
    ...{ officeScope: ['house'], campaignId: 'parks-2026', campaignNote: null, contentSha256: 'ab'.repeat(32) },
    ...{ sources: [{ title: 'A study', url: 'https://example.org/' }], updatedAt: '2026-11-29T18:09:02.460Z' },
  };
  const parques = {
    ...template,
    id: template.id.replace('1', '2'),
    slug: 'parques',
    title: 'Más parques',
    language: 'es',
  };
  const buses = { ...template, id: template.id.replace('1', '3'), slug: 'more-buses', title: 'More buses' };
  await page.route('**/api/templates', (route) => route.fulfill({ json: { templates: [template, parques, buses] } }));
  await sender.open(`${on.system.gatewayUrl}/#template=${slug}`);
}

const reached = (page: Page, step: number) =>
  page.locator(`.send-steps li:nth-child(${String(step)})[data-state="done"]`).waitFor();

const WRITING: readonly PageState[] = [
  {
    name: 'link-damaged',
    async reach({ on, page }) {
      // This link has no `lang`, so the page uses the browser's language
      await page.goto(on.link({ template: 'No such form' }));
      await page.locator('main [role="alert"]').waitFor();
    },
  },
  { name: 'address', reach: ({ on, sender }) => sender.open(on.link()) },
  {
    name: 'address-errors',
    async reach({ on, page, sender }) {
      await sender.open(on.link());
      await sender.next();
      await page.locator('.error-summary').waitFor();
    },
  },
  {
    name: 'address-filled',
    async reach({ on, page, sender }) {
      await sender.open(on.link());
      await sender.fillAddress();
      for (const summary of await page.locator('main summary').all()) await summary.click();
    },
  },
  {
    name: 'message',
    async reach({ on, sender }) {
      await sender.open(on.link());
      await sender.fillAddress();
      await sender.next();
    },
  },
  {
    name: 'message-errors',
    async reach({ on, page, sender }) {
      await sender.open(on.link());
      await sender.fillAddress();
      await sender.next();
      await sender.next();
      await page.locator('.error-summary').waitFor();
    },
  },
  {
    name: 'message-topics',
    async reach({ on, page, sender }) {
      await sender.open(on.link());
      await sender.fillAddress();
      await sender.next();
      await page.locator('[role="combobox"]').click();
      await page.locator('[role="option"]').first().waitFor();
    },
  },
  {
    name: 'message-filled',
    async reach({ on, page, sender }) {
      await sender.open(on.link());
      await sender.fillAddress();
      await sender.next();
      await sender.fillMessage();
      for (const summary of await page.locator('main summary').all()) await summary.click();
    },
  },
  {
    name: 'address-template',
    async reach(stage) {
      await openTemplate(stage, 'city-parks');
      await stage.page.locator('main p.note').first().waitFor();
    },
  },
  {
    name: 'address-template-missing',
    async reach(stage) {
      await openTemplate(stage, 'no-such-text');
      await stage.page.locator('main [role="alert"]').first().waitFor();
    },
  },
  {
    name: 'message-templates',
    async reach(stage) {
      await openTemplate(stage, 'city-parks');
      await stage.sender.fillAddress();
      await stage.sender.next();
      await stage.page.locator('main summary').first().click();
      await stage.page.locator('.templates li').first().waitFor();
    },
  },
  { name: 'review', reach: ({ on, sender }) => sender.toReview(on.link()) },
  {
    name: 'review-blocked',
    async reach({ on, page, sender }) {
      await sender.open(on.link());
      await sender.fillAddress();
      await sender.next();
      await sender.fillMessage();
      await sender.next();
      await page.locator('#obstacles').waitFor();
    },
  },
  {
    name: 'review-sealed',
    async reach({ on, page, sender }) {
      await sender.toReview(on.link());
      await page.locator('summary').last().click();
      await page.locator('[aria-describedby="seal-only-hint"]').click();
      await page.locator('pre').first().waitFor();
    },
  },
  {
    name: 'sign-in-canceled',
    async reach({ on, page, sender }) {
      await sender.open(on.link());
      await page.locator('.sign-in button:not(.text)').click();
      await page.locator('button[value="cancel"]').click();
      await page.locator('.sign-in [role="alert"]').waitFor();
    },
  },
];

/** Returns the steps that sign in, write a message and ask for a task in step 2. @param answer replaces the gateway's answer */
const asks =
  (task: number, answer?: (route: Route) => Promise<void>) =>
  async ({ on, page, sender }: Stage): Promise<void> => {
    await sender.open(on.link());
    await sender.signIn();
    await sender.fillAddress();
    await sender.next();
    await sender.fillMessage();
    await openHelp(page);
    if (answer !== undefined)
      await page.route(TASKS, (route) => (route.request().method() === 'POST' ? answer(route) : route.continue()));
    await page.locator('.help input[type="radio"]').nth(task).check();
    await page.locator('.help > .buttons button').first().click();
  };

const HELP: readonly PageState[] = [
  {
    name: 'help-signed-out',
    async reach({ on, page, sender }) {
      await sender.open(on.link());
      await sender.fillAddress();
      await sender.next();
      await openHelp(page);
    },
  },
  {
    name: 'help-under-way',
    async reach(stage) {
      await asks(0, hold)(stage);
      await stage.page.locator('#help-stop-hint').waitFor();
    },
  },
  {
    name: 'help-answer',
    async reach(stage) {
      await asks(0)(stage);
      await stage.page.locator('.help .sides').waitFor();
      await stage.page.locator('.help details summary').click();
    },
  },
  {
    name: 'help-used',
    async reach(stage) {
      await asks(2)(stage);
      await stage.page.locator('.help .card .buttons button').first().click();
      await stage.page.locator('.help .card [role="status"]:not(:empty)').waitFor();
    },
  },
  {
    name: 'help-review',
    async reach(stage) {
      await asks(3)(stage);
      await stage.page.locator('.help .letter').waitFor();
    },
  },
  {
    name: 'help-failed',
    async reach(stage) {
      await asks(0, (route) => route.fulfill(problem(503, 'model_off')))(stage);
      await stage.page.locator('.help [role="alert"] .warning').waitFor();
    },
  },
];

const SENDING: readonly PageState[] = [
  {
    name: 'sending-sealed',
    async reach(stage) {
      await sendsAgainst(hold)(stage);
      await reached(stage.page, 1);
    },
  },
  {
    name: 'sending-waits',
    async reach(stage) {
      await sendsAgainst((route) => route.fulfill(problem(503, 'overloaded', { 'retry-after': '20' })))(stage);
      await stage.page.locator('.send-now').getByText(/:\d\d/).waitFor();
    },
  },
  {
    name: 'sending-received',
    async reach(stage) {
      await send(stage, everywhere({ answer: 'slow', seconds: 8 }));
      await reached(stage.page, 2);
    },
  },
  {
    name: 'sending-opened',
    async reach(stage) {
      await send(stage, { senate: { answer: 'maintenance' } });
      await reached(stage.page, 3);
    },
  },
  {
    name: 'duplicate-question',
    async reach(stage) {
      const { on, page } = stage;
      let isFirst = true;
      await page.route(POST, async (route) => {
        if (route.request().method() === 'POST' && isFirst) {
          isFirst = false;
          // The enclave's next process has another key, and cannot open a message that was sealed to the current key
          await on.system.kill('enclave');
          await on.system.start('enclave');
        }
        await route.continue();
      });
      await send(stage);
      await page.locator('dialog.question').waitFor({ timeout: 120_000 });
    },
  },
  {
    name: 'sending-lost',
    async reach(stage) {
      await stage.page.route('**/health', (route) => route.abort());
      await stage.page.route('**/api/messages/*', (route) => route.abort());
      await stage.page.route('**/api/messages/*/events', (route) => route.abort());
      await send(stage, everywhere({ answer: 'maintenance' }));
      await stage.page.locator('[data-silence="gone"]').waitFor({ timeout: 60_000 });
    },
  },
];

const RESULTS: readonly PageState[] = [
  { name: 'delivered', reach: sends() },
  {
    name: 'partial',
    reach: sends({ house: { answer: 'refused', reason: 'This office takes messages from its own district only.' } }),
  },
  { name: 'refused', reach: sends(everywhere({ answer: 'refused', reason: 'This office is vacant.' })) },
  { name: 'duplicate', reach: sends(everywhere({ answer: 'duplicate' })) },
  { name: 'unknown', reach: sends({ senate: { answer: 'cut' } }) },
  {
    name: 'expired',
    async reach(stage) {
      await send(stage, everywhere({ answer: 'maintenance' }));
      await reached(stage.page, 2);
      await expireWaiting(stage.on.system.databaseUrl);
      await stage.page.locator('.send-card[data-tone="open"]').waitFor();
    },
  },
  {
    name: 'details',
    async reach(stage) {
      await sends()(stage);
      for (const summary of await stage.page.locator('.send-card summary').all()) await summary.click();
    },
  },
];

const FAILURES: readonly PageState[] = [
  {
    name: 'not-sent-401',
    async reach(stage) {
      await sendsAgainst((route) => route.fulfill(problem(401, 'unauthenticated')))(stage);
      await stage.page.locator('.send-card[data-tone="bad"]').waitFor();
    },
  },
  {
    name: 'not-sent-503',
    async reach(stage) {
      await sendsAgainst((route) => route.fulfill(problem(503, 'emergency_stop', { 'retry-after': '600' })))(stage);
      await stage.page.locator('.send-card[data-tone="bad"]').waitFor();
    },
  },
  {
    name: 'not-sent-429',
    async reach(stage) {
      await sendsAgainst((route) => route.fulfill(problem(429, 'daily_messages_reached', { 'retry-after': '40000' })))(
        stage,
      );
      await stage.page.locator('.send-card[data-tone="bad"]').waitFor();
    },
  },
  {
    name: 'not-sent-forged',
    async reach(stage) {
      await stage.on.answers({});
      await stage.sender.toReview(stage.on.link());
      await stage.page.route('**/attestation?*', (route) =>
        route.fulfill({ contentType: 'application/cose', body: Buffer.from('not a document') }),
      );
      await stage.sender.send();
      await stage.page.locator('.send-card[data-tone="bad"]').waitFor();
    },
  },
  {
    name: 'not-known',
    async reach(stage) {
      await sendsAgainst((route) => route.abort('connectionreset'))(stage);
      await reached(stage.page, 1);
      await stage.page.locator('.send-card .buttons button').first().click();
      await stage.page.locator('.send-card[data-tone="open"]').waitFor();
    },
  },
];

const REMEMBERED: readonly PageState[] = [
  {
    name: 'remembered',
    async reach(stage) {
      const { on, page, sender } = stage;
      await send(stage, everywhere({ answer: 'maintenance' }));
      await page.locator('.remember input').check();
      await reached(page, 2);
      await page.goto('about:blank');
      await sender.open(on.link());
      await page.locator('.kept button').first().waitFor();
    },
  },
  {
    name: 'resumed',
    async reach(stage) {
      await REMEMBERED[0]?.reach(stage);
      await stage.on.answers({});
      await stage.sender.signIn();
      await stage.page.locator('.kept button').first().click();
      await stage.sender.result();
    },
  },
];

const trustState = (page: Page, state: string) => page.locator(`.trust-bar[data-state="${state}"]`).waitFor();

const TRUST: readonly PageState[] = [
  {
    name: 'trust-checking',
    async reach({ on, page, sender }) {
      await page.route('**/attestation?*', hold);
      await sender.goto(on.link());
      await trustState(page, 'checking');
    },
  },
  {
    name: 'trust-refused',
    async reach({ on, page, sender }) {
      await sender.goto(on.link({ pcr0: OTHER_IMAGE, pcr3: on.system.pcr3 }));
      await trustState(page, 'refused');
    },
  },
  {
    name: 'trust-unreachable',
    async reach({ on, page, sender }) {
      await page.route('**/attestation?*', (route) => route.abort());
      await sender.goto(on.link());
      await trustState(page, 'unreachable');
    },
  },
];

/** Opens `/verify` and chooses a file there. */
async function drop({ on, page, sender }: Stage, name: string, content: string): Promise<void> {
  await sender.goto(on.link({}, '/verify'));
  await trustState(page, 'verified');
  await page
    .locator('#compare-file')
    .setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) });
}

async function receiptOf(stage: Stage): Promise<string> {
  await sends()(stage);
  const [download] = await Promise.all([
    stage.page.waitForEvent('download'),
    stage.page.locator('a[download]').click(),
  ]);
  return readFile(await download.path(), 'utf8');
}

const VERIFY: readonly PageState[] = [
  {
    name: 'verify',
    async reach({ on, page, sender }) {
      await sender.goto(on.link({}, '/verify'));
      await trustState(page, 'verified');
    },
  },
  {
    name: 'verify-open',
    async reach({ on, page, sender }) {
      await sender.goto(on.link({}, '/verify'));
      await trustState(page, 'verified');
      for (const summary of await page.locator('main summary').all()) await summary.click();
    },
  },
  {
    name: 'verify-refused',
    async reach({ on, page, sender }) {
      await sender.goto(on.link({ pcr0: OTHER_IMAGE, pcr3: on.system.pcr3 }, '/verify'));
      await trustState(page, 'refused');
      for (const summary of await page.locator('main summary').all()) await summary.click();
    },
  },
  {
    name: 'verify-unreachable',
    async reach({ on, page, sender }) {
      await page.route('**/attestation?*', (route) => route.abort());
      await sender.goto(on.link({}, '/verify'));
      await trustState(page, 'unreachable');
    },
  },
  {
    name: 'verify-measurements',
    async reach(stage) {
      const { pcr0, pcr3 } = stage.on.system;
      await drop(stage, 'measurements.json', JSON.stringify({ pcr0, pcr3 }));
      await stage.page.locator('main section [role="status"] > .card[data-tone="plain"]').first().waitFor();
    },
  },
  {
    name: 'verify-other-image',
    async reach(stage) {
      await drop(stage, 'nitro-cli.json', JSON.stringify({ Measurements: { PCR0: OTHER_IMAGE } }));
      await trustState(stage.page, 'refused');
    },
  },
  {
    name: 'verify-not-a-file',
    async reach(stage) {
      await drop(stage, 'odd.json', 'odd');
      await stage.page.locator('[data-tone="bad"]').first().waitFor();
    },
  },
  {
    name: 'verify-receipt',
    async reach(stage) {
      const receipt = await receiptOf(stage);
      await drop(stage, 'receipt.json', receipt);
      await stage.page.locator('[data-tone="loud"]').first().waitFor();
    },
  },
  {
    name: 'verify-forged-receipt',
    async reach(stage) {
      const { receipt, ...rest } = JSON.parse(await receiptOf(stage)) as { receipt: string };
      const at = receipt.indexOf('.') + 20;
      const forged = `${receipt.slice(0, at)}${receipt[at] === 'A' ? 'B' : 'A'}${receipt.slice(at + 1)}`;
      await drop(stage, 'receipt.json', JSON.stringify({ receipt: forged, ...rest }));
      await stage.page.locator('[data-tone="bad"]').first().waitFor();
    },
  },
];

const health = (page: Page, state: string) => page.locator(`main .verdict[data-state="${state}"]`).waitFor();

const STATUS: readonly PageState[] = [
  {
    name: 'status',
    async reach({ on, page, sender }) {
      await sender.goto(on.link({}, '/status'));
      await health(page, 'passed');
      await page.locator('.charts figure').first().waitFor();
    },
  },
  {
    name: 'status-admin',
    async reach({ on, page, sender }) {
      await sender.goto(on.link({}, '/status'));
      await page.locator('#admin-token').fill(await on.system.issuer.token('operator', 3600, 'communique:admin'));
      await page.locator('main form button[type="submit"]').click();
      await page.locator('.charts:not(.single) figure').first().waitFor();
    },
  },
  {
    name: 'status-away',
    async reach({ on, page, sender }) {
      await page.route('**/api/health/**', (route) => route.abort());
      await sender.goto(on.link({}, '/status'));
      await health(page, 'failed');
    },
  },
];

export const STATES: readonly PageState[] = [
  ...TRUST,
  ...WRITING,
  ...HELP,
  ...SENDING,
  ...RESULTS,
  ...FAILURES,
  ...REMEMBERED,
  ...VERIFY,
  ...STATUS,
];
