import type { ManagedTemplate, NewTemplate } from '@communique-tee/protocol';
import { receivedBy } from '@communique-tee/test-system';
import type { PageSystem } from './page-system';
import { Sender } from './sender';
import { helpOf, openHelp } from './states';

const PARKS: NewTemplate = {
  slug: 'city-parks',
  title: 'Keep our parks open',
  category: 'Environment',
  language: 'en',
  topics: ['Energy'],
  subject: 'Please fund our parks',
  body: 'Please fund the parks of our district.',
  stance: 'pro',
  bills: [{ congress: 119, type: 'hr', number: 12 }],
  officeScope: ['house', 'senate'],
  campaignId: 'parks-2026',
};
const PARQUES: NewTemplate = { ...PARKS, slug: 'parques', title: 'Más parques públicos', language: 'es' };

/** Tests messages that start from a campaign's published text. */
export function describeTemplates(on: () => PageSystem): void {
  describe('a campaign’s text', () => {
    const published: ManagedTemplate[] = [];
    const link = (slug: string): string => `${on().system.gatewayUrl}/#template=${slug}`;

    async function write(method: string, path: string, body: unknown): Promise<ManagedTemplate> {
      const { gatewayUrl, issuer } = on().system;
      const token = await issuer.token('administrator', 3600, 'communique:admin');
      const response = await fetch(`${gatewayUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as ManagedTemplate;
    }
    beforeAll(async () => {
      for (const each of [PARKS, PARQUES]) {
        const { id } = await write('POST', '/api/templates', each);
        published.push(await write('PATCH', `/api/templates/${id}`, { version: 1, status: 'published' }));
      }
    });
    afterAll(async () => {
      for (const { id, version } of published)
        await write('PATCH', `/api/templates/${id}`, { version, status: 'archived' });
    });

    it('is filled in from a link, stays editable, survives the sign-in, and is named in no request', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const asked: string[] = [];
      page.on('request', (request) => {
        if (new URL(request.url()).origin === on().system.gatewayUrl)
          asked.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ''}`);
      });
      const sender = new Sender(page);
      await sender.open(link('city-parks'));
      await page.getByText('You start from “Keep our parks open”.').waitFor();
      await sender.signIn();
      await sender.fillAddress();
      await sender.next();
      expect(await sender.field('message/subject').inputValue()).toBe('Please fund our parks');
      expect(await sender.field('message/bills').inputValue()).toBe('119 hr 12');
      await sender.field('message/body').fill('My family walks there every week. Please fund the parks.');
      await sender.next();
      await page.locator('.review-part').getByText('My family walks there every week.').waitFor();
      await on().answers({});
      await sender.send();
      await sender.result();
      expect(asked.some((each) => each.includes('/api/templates'))).toBe(true);
      expect(asked.filter((each) => /city-parks|parks-2026/.test(each))).toEqual([]);
      expect(tab.wrongs).toEqual([]);
    });

    it('is made clearer by a model, can then be edited, and is sent only when the person sends it', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const sender = new Sender(page);
      await sender.open(link('city-parks'));
      await sender.signIn();
      await sender.fillAddress();
      await sender.next();
      const { congress } = on().system;
      const before = (await receivedBy(congress)).length;
      await openHelp(page);
      await helpOf(page)
        .getByRole('button', { name: /^Send this text to/ })
        .click();
      await helpOf(page).getByRole('button', { name: 'Use this text' }).click();
      const body = sender.field('message/body');
      await body.fill(`${await body.inputValue()} We walk there.`);
      expect(await receivedBy(congress)).toHaveLength(before);
      await sender.next();
      await on().answers({});
      await sender.send();
      await sender.result();
      const sent = (await receivedBy(congress)).slice(before);
      expect(sent.length).toBeGreaterThan(0);
      for (const { xml } of sent) {
        expect(xml).toContain('We walk there.');
        expect(xml).toContain('parks-2026');
      }
      expect(tab.wrongs).toEqual([]);
    });

    it('is found by searching, and replaces the person’s own words until they put them back', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const sender = new Sender(page);
      await sender.open(on().link());
      await sender.fillAddress();
      await sender.next();
      await sender.field('message/body').fill('My own words.');
      await page.getByText('Start from a campaign’s text (2)').click();
      await page.locator('#template-language').selectOption('');
      await page.locator('#template-search').fill('mas PUBLICOS');
      await page.getByText('1 text', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Start from this text: “Más parques públicos”' }).click();
      expect(await sender.field('message/body').inputValue()).toBe(PARQUES.body);
      await page.getByRole('button', { name: 'Put my words back' }).click();
      expect(await sender.field('message/body').inputValue()).toBe('My own words.');
      expect(tab.wrongs).toEqual([]);
    });

    it('is reported if the site does not offer it, and the person writes in their own words', async () => {
      await using tab = await on().open();
      const { page } = tab;
      const sender = new Sender(page);
      await sender.open(link('no-such-text'));
      await page.getByText('Your link starts from a text that this site does not offer').waitFor();
      await sender.fillAddress();
      await sender.next();
      expect(await sender.field('message/body').inputValue()).toBe('');
      expect(tab.wrongs).toEqual([]);
    });
  });
}
