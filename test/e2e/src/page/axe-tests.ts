import type { PageSystem } from './page-system';
import { Sender } from './sender';
import type { PageState } from './states';

/** What axe finds in every state that a person can see. */
export function describeAxe<On extends PageSystem>(on: () => On, states: readonly PageState<On>[]): void {
  describe('axe finds nothing, in light and dark,', () => {
    it.each(states.map((state, at) => [state.name, at % 4 === 3 ? 'es' : 'en', state] as const))(
      'in the state %s, in %s',
      async (_name, language, { reach }) => {
        await using tab = await on().open({ viewport: { width: 390, height: 844 } });
        const { page } = tab;
        await reach({ on: on(), page, sender: new Sender(page, language) });
        await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
        expect(await on().violations(page)).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await on().violations(page, ['color-contrast'])).toEqual([]);
        expect(tab.wrongs).toEqual([]);
      },
    );
  });
}
