import type { Page } from 'playwright-core';

/** The message of docs/examples/message.json, by the names of the form's fields. */
export const EXAMPLE = {
  offices: 'HCA12 SCA01 SCA03',
  campaignId: 'example-campaign',
  'constituent/prefix': 'Mx.',
  'constituent/firstName': 'Example',
  'constituent/lastName': 'Constituent',
  'constituent/address1': '1 Example Street',
  'constituent/city': 'Oakland',
  'constituent/zip': '94601',
  'constituent/email': 'example.constituent@example.org',
  'message/subject': 'Parks in our district',
  'message/body': 'Please support more public parks in our district. This text is an example.',
} as const;
export const EXAMPLE_STATE = 'CA';
export const EXAMPLE_TOPIC = 'Public Lands and Natural Resources';

export async function fillForm(page: Page, over: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const [name, value] of Object.entries({ ...EXAMPLE, ...over }))
    await page.locator(`[name="${name}"]`).fill(value);
  await page.locator('[name="constituent/state"]').selectOption(EXAMPLE_STATE);
  await page.locator(`[name="message/topics"][value="${EXAMPLE_TOPIC}"]`).check();
}
