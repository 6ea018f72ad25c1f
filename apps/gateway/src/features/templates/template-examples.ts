import {
  type ManagedTemplate,
  type NewTemplate,
  type NewTemplateRun,
  type TemplateChange,
  type TemplateList,
  type TemplateRuns,
  toHex,
} from '@communique-tee/protocol';
import type { Example, ExampleSource } from '../../core/routing/operation';

const content = {
  title: 'Keep our parks open',
  category: 'Environment',
  language: 'en',
  topics: ['Environmental Protection'],
  subject: 'Please fund our parks',
  body: 'Please fund the parks of our district. My family walks there every week.',
  stance: 'pro',
  officeScope: ['house', 'senate'],
  campaignId: 'parks-2026',
} as const;

/** The slug is random, because the gateway refuses one that exists. */
export function exampleNewTemplate({ random }: ExampleSource): Example & { readonly value: NewTemplate } {
  return {
    summary: 'A template',
    value: {
      slug: `parks-${toHex(random(8))}`,
      ...content,
      topics: [...content.topics],
      officeScope: [...content.officeScope],
    },
  };
}

const shown = {
  id: '1b4e28ba-2fa1-41d2-883f-0016d3cca427',
  slug: 'parks-2026',
  ...content,
  topics: [...content.topics],
  officeScope: [...content.officeScope],
  description: null,
  bills: [],
  campaignNote: null,
  sources: [],
  contentSha256: '3f1c6d1f5a0d0a8f5e55e8a4dc21b6c9c6ad6a3a3b7e1f5ec2a3f0ddc5f0a9b1',
} satisfies Partial<ManagedTemplate>;

const draft = {
  ...shown,
  version: 1,
  status: 'draft',
  createdAt: '2026-11-29T18:09:02.460Z',
  updatedAt: '2026-11-29T18:09:02.460Z',
  moderation: null,
  originalContent: { title: content.title, subject: content.subject, body: content.body },
  changeLog: [
    {
      version: 1,
      at: '2026-11-29T18:09:02.460Z',
      by: 'mS3cS1hYqcqzGpz9Wq9QpWY0m0wT2QxqB3kq3l0wq1A',
      fields: ['slug', 'title', 'subject', 'body'],
    },
  ],
} satisfies ManagedTemplate;

export const DRAFT: Example = { summary: 'A new draft', value: draft };
export const CHANGE: Example = {
  summary: 'Publish it',
  value: { version: 1, status: 'published' } satisfies TemplateChange,
};
export const PUBLISHED: Example = {
  summary: 'One template',
  value: { templates: [{ ...shown, version: 2, updatedAt: '2026-11-29T18:10:00.000Z' }] } satisfies TemplateList,
};
export const NEW_RUN: Example = {
  summary: 'A shorter draft',
  value: { requestId: '0f7a2c5e-93b1-4d0e-8a6c-2b1d4e5f6a70', task: 'shorten' } satisfies NewTemplateRun,
};
export const RUNS: Example = {
  summary: 'One attempt',
  value: {
    runs: [
      {
        requestId: '0f7a2c5e-93b1-4d0e-8a6c-2b1d4e5f6a70',
        attempt: 1,
        task: 'shorten',
        provider: 'anthropic',
        model: 'claude-haiku-4-5',
        end: 'complete',
        usage: { input: 812, cached: 0, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 274, thinking: 0 },
        pricesVersion: '2026-11-30.1',
        costMicroUsd: '2182',
        statement: 'eyJhbGciOiJFZDI1NTE5IiwidHlwIjoiY29tbXVuaXF1ZS10ZWUtdXNhZ2UrandzIn0.e30.AA',
        recordedAt: '2026-11-30T18:09:02.460Z',
        by: 'mS3cS1hYqcqzGpz9Wq9QpWY0m0wT2QxqB3kq3l0wq1A',
      },
    ],
    costBreakdown: [{ provider: 'anthropic', model: 'claude-haiku-4-5', attempts: 1, costMicroUsd: '2182' }],
  } satisfies TemplateRuns,
};
export const MANAGED: Example = { summary: 'One draft', value: { templates: [draft] } };
