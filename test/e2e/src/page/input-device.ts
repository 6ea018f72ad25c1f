import type { Locator, Page } from 'playwright-core';

/** How a person uses the page: with a mouse, a finger or only the keyboard. */
export interface InputDevice {
  press(control: Locator): Promise<void>;
  type(control: Locator, text: string): Promise<void>;
  /** Chooses an option of a select by its value. */
  choose(control: Locator, value: string): Promise<void>;
  /** Types words into a combobox and picks the option that they find. */
  pick(control: Locator, words: string): Promise<void>;
}

const withPointer = (press: (control: Locator) => Promise<void>): InputDevice => ({
  press,
  async type(control, text) {
    await press(control);
    await control.fill(text);
  },
  async choose(control, value) {
    await control.selectOption(value);
  },
  async pick(control, words) {
    await press(control);
    await control.fill(words);
    await press(control.page().locator('[role="option"]').first());
  },
});

export const mouse = withPointer((control) => control.click());
export const touch = withPointer((control) => control.tap());

const MOST_TABS = 150;
const MOST_OPTIONS = 70;

/** Uses only the keyboard, and reaches every control by Tab, never by Shift+Tab. */
export function keyboard(page: Page): InputDevice {
  const reach = async (control: Locator): Promise<void> => {
    await control.waitFor();
    for (let presses = 0; presses < MOST_TABS; presses++) {
      if (await control.evaluate((element) => element === element.ownerDocument.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`the Tab key does not lead to ${String(control)}`);
  };
  return {
    async press(control) {
      await reach(control);
      await page.keyboard.press('Enter');
    },
    async type(control, text) {
      await reach(control);
      await page.keyboard.type(text);
    },
    async choose(control, value) {
      await reach(control);
      for (let presses = 0; presses < MOST_OPTIONS && (await control.inputValue()) !== value; presses++)
        await page.keyboard.press('ArrowDown');
    },
    async pick(control, words) {
      await reach(control);
      await page.keyboard.type(words);
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
    },
  };
}
