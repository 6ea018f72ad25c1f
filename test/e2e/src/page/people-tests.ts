import { touch, keyboard, type InputDevice } from './input-device';
import type { PageSystem } from './page-system';
import { Sender, type Language } from './sender';

const TITLES = {
  en: 'The simulated Congress accepted your message.',
  es: 'El Congreso simulado aceptó su mensaje.',
} as const satisfies Record<Language, string>;

/** Tests first-time senders, on small screens, in each language. */
export function describePeople(on: () => PageSystem): void {
  describe('a first-time sender with a campaign link', () => {
    async function writes(
      language: Language,
      width: number,
      handOf: (page: Sender['page']) => InputDevice,
    ): Promise<void> {
      await using tab = await on().open({ viewport: { width, height: 844 }, hasTouch: true, isMobile: true });
      const { page } = tab;
      await on().answers({});
      const sender = new Sender(page, language, handOf(page));
      await sender.toReview(on().link());
      await sender.send();
      await sender.result();
      expect(await page.locator('#send-title').innerText()).toBe(TITLES[language]);
      expect(await page.locator('[data-outcome="accepted"]').count()).toBe(3);
      expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(
        true,
      );
      expect(tab.wrongs).toEqual([]);
    }

    it.each(['en', 'es'] as const)('reaches a verified receipt at 390 px by touch, in %s', (language) =>
      writes(language, 390, () => touch),
    );

    it.each(['en', 'es'] as const)('reaches a verified receipt at 390 px by only the keyboard, in %s', (language) =>
      writes(language, 390, keyboard),
    );

    it('reaches a verified receipt at 400 % zoom, which leaves 320 px', () => writes('en', 320, () => touch));
  });
}
