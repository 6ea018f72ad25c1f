import type { Page } from 'playwright-core';
import { mouse, type InputDevice } from './input-device';
import { failedRequestsOf } from './visit';

/** The person of docs/examples/message.json, by the names of the form's fields. */
export const ADDRESS = {
  'constituent/prefix': 'Mx.',
  'constituent/firstName': 'Example',
  'constituent/lastName': 'Constituent',
  'constituent/email': 'example.constituent@example.org',
  'constituent/address1': '1 Example Street',
  'constituent/city': 'Oakland',
  'constituent/state': 'CA',
  'constituent/zip': '94601',
  district: 'HCA12',
} as const;
export const MESSAGE = {
  'message/subject': 'Parks in our district',
  'message/body': 'Please support more public parks in our district. This text is an example.',
} as const;
/** A word that finds one topic, in each language. */
const TOPIC = { en: 'public lands', es: 'tierras públicas' } as const;
export type Language = keyof typeof TOPIC;

/** A person who uses the page, from the link to the receipt. Waits only for what a person can see. */
export class Sender {
  constructor(
    readonly page: Page,
    private readonly language: Language = 'en',
    private readonly hand: InputDevice = mouse,
  ) {}

  field(name: string) {
    return this.page.locator(`[name="${name}"]`);
  }

  /** Opens a link in this person's language. */
  async goto(link: string): Promise<void> {
    await this.page.goto(`${link}&lang=${this.language}`);
    try {
      await this.page.locator(`html[lang="${this.language}"] header`).waitFor();
    } catch (cause) {
      throw new Error(`the page was not drawn; ${failedRequestsOf(this.page)}`, { cause });
    }
  }

  /** Opens a link, and waits until the enclave is verified. */
  async open(link: string): Promise<void> {
    await this.goto(link);
    await this.page.locator('.trust-bar[data-state="verified"]').waitFor();
  }

  async fillAddress(over: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const [name, value] of Object.entries({ ...ADDRESS, ...over })) {
      if (name === 'district' || name === 'constituent/state') await this.hand.choose(this.field(name), value);
      else await this.hand.type(this.field(name), value);
    }
  }

  async fillMessage(over: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.hand.pick(this.page.locator('[role="combobox"]'), TOPIC[this.language]);
    for (const [name, value] of Object.entries({ ...MESSAGE, ...over })) await this.hand.type(this.field(name), value);
  }

  /** Presses the button that ends this step. */
  async next(): Promise<void> {
    await this.hand.press(this.page.locator('main form button[type="submit"]'));
  }

  /** Goes to the issuer, signs in there and returns. */
  async signIn(): Promise<void> {
    await this.hand.press(this.page.locator('.sign-in button:not(.text)'));
    await this.hand.press(this.page.locator('button[value="continue"]'));
    await this.page.locator('.sign-in [role="status"]:not(:empty)').waitFor();
  }

  /** Opens the link, signs in, fills in everything, and stops at the review. */
  async toReview(link: string, over: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.open(link);
    await this.signIn();
    await this.fillAddress(over);
    await this.next();
    await this.fillMessage();
    await this.next();
    await this.page.locator('.review-part').first().waitFor();
  }

  get sendButton() {
    return this.page.locator('section[aria-labelledby="step-title"] > .buttons button').first();
  }

  /** Presses the button once it is enabled. */
  async send(): Promise<void> {
    await this.hand.press(this.sendButton.and(this.page.locator('[aria-disabled="false"]')));
  }

  /** Presses the button although it is disabled. */
  async pressBlockedSend(): Promise<void> {
    await this.sendButton.and(this.page.locator('[aria-disabled="true"]')).click({ force: true });
  }

  /** Waits until the message has ended and its result is shown. */
  async result(): Promise<void> {
    await this.page.locator('.send-card .proves').waitFor({ timeout: 60_000 });
  }
}
