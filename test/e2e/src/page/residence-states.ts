import { congressAt, fieldFromHex } from '@communique-tee/residence';
import { TEXT, type ResidencePageSystem } from './residence-page-system';
import { Resident } from './resident';
import { hold, POST, problem, type PageState, type Stage } from './states';

type ResidenceStage = Stage<ResidencePageSystem>;

const residentOf = ({ on, page, sender }: ResidenceStage) => new Resident(on, page, sender);

/** Opens the campaign's link, where the person chooses between signing in and proving. */
async function open({ on, page, sender }: ResidenceStage): Promise<void> {
  await sender.open(`${on.system.gatewayUrl}/#template=${TEXT.slug}`);
  await page.locator('#residence-choice').waitFor();
}

async function atReview(stage: ResidenceStage): Promise<Resident> {
  const resident = residentOf(stage);
  await resident.toReview();
  return resident;
}

async function registered(stage: ResidenceStage, district?: string): Promise<Resident> {
  const resident = await atReview(stage);
  await resident.register(district);
  await resident.card.locator('ul').waitFor();
  return resident;
}

/** The page's states about the proof of residence. They need a system where the proof is optional. */
export const RESIDENCE_STATES: readonly PageState<ResidencePageSystem>[] = [
  { name: 'residence-choice', reach: open },
  {
    name: 'residence-choice-proof',
    async reach(stage) {
      await open(stage);
      await residentOf(stage).chooseProof();
      await stage.page.locator('.sign-in').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'residence-no-proofs-here',
    async reach({ on, page, sender }) {
      await page.route('**/api/page', async (route) => {
        const response = await route.fetch();
        const facts = (await response.json()) as object;
        await route.fulfill({ response, json: { ...facts, provesResidence: false } });
      });
      await sender.open(`${on.system.gatewayUrl}/#template=${TEXT.slug}`);
      await page.locator('.sign-in').waitFor();
    },
  },
  { name: 'residence-none', reach: async (stage) => void (await atReview(stage)) },
  {
    name: 'residence-private-window',
    async reach(stage) {
      await stage.page.addInitScript(
        "indexedDB.open = () => { throw new DOMException('private window', 'InvalidStateError') }",
      );
      const { card } = await atReview(stage);
      await card.locator('#residence-file').waitFor();
    },
  },
  { name: 'residence-unsafe', reach: async (stage) => (await atReview(stage)).make() },
  {
    name: 'residence-code',
    async reach(stage) {
      const resident = await atReview(stage);
      await resident.make();
      await resident.keep();
    },
  },
  { name: 'residence-registered', reach: async (stage) => void (await registered(stage)) },
  {
    name: 'residence-forget',
    async reach(stage) {
      const { forgetButton } = await registered(stage);
      await forgetButton.click();
      await stage.page.locator('dialog.question').waitFor();
    },
  },
  {
    name: 'residence-other-offices',
    async reach(stage) {
      const { card } = await registered(stage, 'DC-00');
      await card.locator('.warning button').waitFor();
    },
  },
  {
    name: 'residence-ended',
    async reach(stage) {
      const resident = await atReview(stage);
      await resident.make();
      await resident.keep();
      const code = await resident.card.locator('code').innerText();
      const of = stage.on.registrar.register(fieldFromHex(code), 'CA-12');
      await resident.paste({ ...of, district: `${String(congressAt(Date.now() / 1000) - 1)}-CA-12` });
      await resident.card.locator('p.warning:not([role])').waitFor();
    },
  },
  {
    name: 'residence-proving',
    async reach(stage) {
      await registered(stage);
      await stage.page.context().route('**/*.wasm', hold);
      await stage.sender.send();
      await stage.page.waitForRequest('**/*.wasm');
    },
  },
  {
    name: 'residence-was-proving',
    async reach(stage) {
      const { page } = stage;
      await registered(stage);
      await page.context().route('**/*.wasm', hold);
      await stage.sender.send();
      await page.waitForRequest('**/*.wasm');
      await page.reload();
      await page.locator('main [role="alert"]').first().waitFor();
      await page.locator('.residence ul').waitFor();
    },
  },
  {
    name: 'residence-already-sent',
    async reach(stage) {
      await registered(stage);
      await stage.page.route(POST, (route) => route.fulfill(problem(409, 'already_sent')));
      await stage.sender.send();
      await stage.page.locator('.send-card[data-tone="bad"]').waitFor();
    },
  },
  {
    name: 'residence-sent-before',
    async reach(stage) {
      await RESIDENCE_STATES.find(({ name }) => name === 'residence-already-sent')?.reach(stage);
      await stage.page.goto('about:blank');
      const { card } = await atReview(stage);
      await card.locator('.warning[role="status"]').waitFor();
    },
  },
  {
    name: 'residence-key-retired',
    async reach(stage) {
      await stage.on.answers({});
      await registered(stage);
      await stage.page.route('**/api/messages/*/events', async (route) => {
        const url = route
          .request()
          .url()
          .replace(/\/events$/, '');
        const view = (await (await route.fetch({ url })).json()) as object;
        const retired = { status: 'key_retired', reason: 'key_retired', endedAt: new Date().toISOString() };
        await route.fulfill({
          contentType: 'text/event-stream',
          body: `event: status\ndata: ${JSON.stringify({ ...view, ...retired, receipt: null, sealedAnswer: null })}\n\n`,
        });
      });
      await stage.sender.send();
      await stage.page.locator('.send-card[data-tone="open"]').waitFor({ timeout: 60_000 });
    },
  },
];
