import type { Template } from '@communique-tee/protocol';

/** Returns a published template; `over` overrides what the test is about. */
export function templateFor(over: Partial<Template> = {}): Template {
  return {
    ...{ id: '1b4e28ba-2fa1-41d2-883f-0016d3cca427', slug: 'parks', title: 'Keep our parks open', version: 1 },
    ...{ description: null, category: null, language: 'en', topics: ['Energy'], stance: null, bills: [], sources: [] },
    ...{
      subject: 'Please fund our parks',
      body: 'Please fund the parks of our district.',
      officeScope: ['house', 'senate'],
    },
    ...{ campaignId: 'parks-2026', campaignNote: null, contentSha256: 'ab'.repeat(32) },
    updatedAt: '2026-11-29T18:09:02.460Z',
    ...over,
  };
}
