import { fieldFromHex, type RegistrationJson } from '@communique-tee/residence';
import type { Page } from 'playwright-core';
import { TEXT, type ResidencePageSystem } from './residence-page-system';
import type { Sender } from './sender';

/** A person who proves residence. The methods find controls by their kind and not by their text, so they work in every language. */
export class Resident {
  constructor(
    private readonly on: ResidencePageSystem,
    private readonly page: Page,
    private readonly sender: Sender,
  ) {}

  /** The card of the proof, in step 3. */
  get card() {
    return this.page.locator('.residence');
  }

  /** Opens the campaign's link, fills in the form without signing in, and stops at the review. */
  async toReview(): Promise<void> {
    const { page, sender } = this;
    await sender.open(`${this.on.system.gatewayUrl}/#template=${TEXT.slug}`);
    // The choice is there only if a proof is optional
    await page.locator('.sign-in, #residence-choice, main p.note').first().waitFor();
    if ((await page.locator('#residence-choice').count()) > 0) await this.chooseProof();
    await sender.fillAddress();
    await sender.next();
    await sender.next();
    await this.card.waitFor();
  }

  async chooseProof(): Promise<void> {
    await this.page.locator('input[name="residence-choice"]').last().check();
  }

  /** Makes a secret, which is not stored yet. */
  async make(): Promise<void> {
    await this.card.locator('button').last().click();
    await this.card.locator('a[download]').waitFor();
  }

  async keep(): Promise<void> {
    await this.card.locator('.buttons button').first().click();
    await this.card.locator('code').waitFor();
  }

  /** Makes a secret, keeps it on the device, and registers its code. @returns what the registrar gave */
  async register(district = 'CA-12'): Promise<RegistrationJson> {
    await this.make();
    await this.keep();
    const code = await this.card.locator('code').innerText();
    const registration = this.on.registrar.register(fieldFromHex(code), district);
    await this.paste(registration);
    return registration;
  }

  async paste(registration: RegistrationJson): Promise<void> {
    const { page } = this;
    await page.locator('#residence-registration').fill(JSON.stringify(registration));
    await page.locator('.field:has(#residence-registration) + .buttons button').click();
  }

  /** The button that forgets the secret on this device. */
  get forgetButton() {
    return this.card.locator(':scope > .buttons > button').last();
  }
}
