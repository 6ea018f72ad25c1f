import type { PageSystem } from './page-system';
import { Sender } from './sender';
import type { PageState } from './states';

/**
 * Runs axe in every state that a person can see. Each test reaches its state in one language (every fourth test in Spanish), then switches
 * to the other. In dark colors axe checks only contrast. Each test also checks that the message's card has at most one main button, so that
 * the next step is clear.
 */
export function describeAxe<On extends PageSystem>(on: () => On, states: readonly PageState<On>[]): void {
  describe('axe finds nothing, in light and dark and in each language,', () => {
    it.each(states.map((state, at) => [state.name, at % 4 === 3 ? 'es' : 'en', state] as const))(
      'in the state %s, reached in %s',
      async (_name, language, { reach }) => {
        const other = language === 'en' ? 'es' : 'en';
        await using tab = await on().open({ viewport: { width: 390, height: 844 }, locale: language });
        const { page } = tab;
        await reach({ on: on(), page, sender: new Sender(page, language) });
        await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
        expect(await on().violations(page)).toEqual([]);
        const mains = page
          .locator('.send-card .buttons')
          .locator('button:not([class]):visible, a.button:not(.quiet):visible');
        expect(await mains.count()).toBeLessThanOrEqual(1);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await on().violations(page, ['color-contrast'])).toEqual([]);
        await page.emulateMedia({ colorScheme: 'light' });
        await page.locator('header select').selectOption(other);
        await page.locator(`html[lang="${other}"]`).waitFor({ state: 'attached' });
        expect(await on().violations(page)).toEqual([]);
        expect(tab.wrongs).toEqual([]);
      },
    );
  });
}
