import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { PageSystem } from './page-system';
import { Sender } from './sender';
import { helpOf, openHelp, problem, TASKS } from './states';

/** No other text in the system contains "quokka". */
const DRAFT = 'hello senator, quokkas   need parks. the quokkas are very very sad, and so am I. please do fund parks';

/** Tests a model's help with the text, from the person's draft to the sent message. */
export function describeAgents(on: () => PageSystem): void {
  describe('help with the text', () => {
    const providers = () => {
      const { providers: simulated } = on().system;
      if (simulated === undefined) throw new Error('the system has no providers');
      return simulated;
    };
    afterEach(() => {
      providers().setFaults({});
      providers().release();
    });

    /** Signs in, goes to step 2, enters a draft and opens the help. */
    async function withDraft(page: Page): Promise<Sender> {
      const sender = new Sender(page);
      await sender.open(on().link());
      await sender.signIn();
      await sender.fillAddress();
      await sender.next();
      await sender.fillMessage({ 'message/body': DRAFT });
      await openHelp(page);
      return sender;
    }
    const ask = (page: Page) => helpOf(page).getByRole('button', { name: /^Send this text to/ });
    const logged = async (): Promise<string> => {
      const { logFolder } = on().system;
      const files = (await readdir(logFolder)).filter((name) => name !== 'congress.log');
      return (await Promise.all(files.map((name) => readFile(join(logFolder, name), 'utf8')))).join('');
    };

    it('makes a draft clearer for the person to edit and send, leaves no word of it in a log, and uses the budget', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const posted: Buffer[] = [];
      page.on('request', (request) => posted.push(request.postDataBuffer() ?? Buffer.alloc(0)));
      const spent: number[] = [];
      await page.route('**/api/budget', async (route) => {
        const response = await route.fetch();
        spent.push(Number(((await response.json()) as { spent: string }).spent));
        await route.fulfill({ response });
      });
      const calls = providers().calls();
      const sender = await withDraft(page);
      const help = helpOf(page);
      await help.getByText('The provider you choose sees this text. Our server does not.').waitFor();
      const cost = help.locator('#help-cost');
      await cost.getByText(/at most \$0\.\d+ of your budget.*You have \$\d/).waitFor();
      expect(providers().calls()).toBe(calls);
      await ask(page).click();
      await help.locator('#help-answer').waitFor();
      expect(providers().calls()).toBe(calls + 1);
      expect(await sender.field('message/body').inputValue()).toBe(DRAFT);
      await help.getByText(/It cost \$0\.\d+.*this page verified it\./).waitFor();
      await help.getByRole('button', { name: 'Use this text' }).click();
      const better = await sender.field('message/body').inputValue();
      expect(better).not.toBe(DRAFT);
      await help.getByRole('button', { name: 'Undo' }).click();
      expect(await sender.field('message/body').inputValue()).toBe(DRAFT);
      await help.getByRole('button', { name: 'Use this text' }).click();
      await sender.field('message/body').fill(`${better} Thank you.`);
      await sender.next();
      await on().answers({});
      await sender.send();
      await sender.result();
      expect(spent.at(-1)).toBeGreaterThan(spent[0] ?? Infinity);
      for (const word of ['quokka', 'Thank you']) {
        expect(posted.filter((each) => each.includes(word))).toEqual([]);
        expect(await logged()).not.toContain(word);
      }
      expect(tab.wrongs).toEqual([]);
    });

    it('shows the notes of a review, which cannot be put into the message', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await withDraft(page);
      const help = helpOf(page);
      await help.getByLabel('Look at tone and facts, and change nothing').check();
      await ask(page).click();
      await help.getByText('The model has notes for you').first().waitFor();
      expect(await help.getByRole('button', { name: 'Use this text' }).count()).toBe(0);
      await help.getByRole('button', { name: 'Close' }).click();
      expect(await page.locator('[name="message/body"]').inputValue()).toBe(DRAFT);
      expect(tab.wrongs).toEqual([]);
    });

    it('asks for a sign-in, keeps the draft, and asks no model meanwhile', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const calls = providers().calls();
      const sender = new Sender(page);
      await sender.open(on().link());
      await sender.fillAddress();
      await sender.next();
      await sender.field('message/body').fill(DRAFT);
      await openHelp(page);
      expect(await ask(page).count()).toBe(0);
      await helpOf(page).locator('.sign-in button').click();
      await page.locator('button[value="continue"]').click();
      await ask(page).waitFor();
      expect(await sender.field('message/body').inputValue()).toBe(DRAFT);
      expect(providers().calls()).toBe(calls);
      expect(tab.wrongs).toEqual([]);
    });

    it.each([
      ['a model that is off', 503, 'model_off', 'This model is off until the operator has looked at it.'],
      ['an emergency stop', 503, 'emergency_stop', 'The operator has stopped all help with texts for now.'],
      ['a daily budget that is used up', 429, 'user_daily_limit_reached', 'Your budget for today does not cover this.'],
    ])('reports for %s that nothing was sent to a provider', async (_, status, code, words) => {
      await using tab = await on().open();
      const { page } = tab;
      await withDraft(page);
      await page.route(TASKS, (route) =>
        route.request().method() === 'POST' ? route.fulfill(problem(status, code)) : route.continue(),
      );
      await ask(page).click();
      await helpOf(page).getByText(`${words}`).waitFor();
      await helpOf(page).getByText('Your text went to no provider, and it cost nothing.').waitFor();
      expect(tab.wrongs).toEqual([]);
    });

    it('reports that the operator has to act and that the task cost nothing, if the provider refuses the operator’s key', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await withDraft(page);
      providers().setFaults({ queue: [{ fault: { kind: 'error', class: 'key' }, times: 'always' }] });
      await ask(page).click();
      await helpOf(page).getByText('The operator has to fix this.').first().waitFor();
      await helpOf(page).getByText('It cost nothing.').waitFor();
      expect(tab.wrongs).toEqual([]);
    });

    it('reports that the provider may have the text, when the person stops waiting', async () => {
      await using tab = await on().open();
      const { page } = tab;
      await withDraft(page);
      const calls = providers().calls();
      providers().setFaults({ queue: [{ fault: { kind: 'held' } }] });
      await ask(page).click();
      await providers().waitForCalls(calls + 1);
      await helpOf(page).getByRole('button', { name: 'Stop waiting' }).click();
      await helpOf(page).getByText('You stopped waiting. The provider may have your text.').waitFor();
      expect(tab.wrongs).toEqual([]);
    });

    it('refuses half of an emoji before anything is sealed', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const calls = providers().calls();
      await withDraft(page);
      await page.evaluate(
        `const body = document.querySelector('[name="message/body"]');
        body.value = 'Thanks \\ud83d';
        body.dispatchEvent(new InputEvent('input', { bubbles: true }))`,
      );
      await ask(page).click();
      await helpOf(page).getByText('such as half of an emoji').waitFor();
      expect(providers().calls()).toBe(calls);
      expect(tab.wrongs).toEqual([]);
    });
  });
}
