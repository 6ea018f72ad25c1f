import { CHAMBER_KEYS } from '@communique-tee/protocol';
import type {
  CongressMessage,
  ManagedTemplate,
  ManagedTemplateList,
  NewTemplate,
  TemplateChange,
} from '@communique-tee/protocol';
import type { System } from '@communique-tee/test-system';

export const TEMPLATE_SLUG = 'communique-tee-demo';

/**
 * Publishes the made-up message as a template with its campaign note, as an administrator does. If an earlier demo left the template in the
 * database, replaces its note, which may be another registrar's.
 * @throws Error if the gateway refuses the template
 */
export async function publishTemplate(system: System, content: CongressMessage, campaignNote: string): Promise<void> {
  const token = await system.issuer.token('operator', 600, 'communique:admin');
  const ask = async <Answer>(method: string, path: string, body?: NewTemplate | TemplateChange): Promise<Answer> => {
    const response = await fetch(new URL(path, system.gatewayUrl), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`the gateway refused the template: ${await response.text()}`);
    return (await response.json()) as Answer;
  };
  const { templates } = await ask<ManagedTemplateList>('GET', '/api/admin/templates');
  const { subject, body = '', topics, bills = [], stance = null } = content.message;
  const { id, version } =
    templates.find(({ slug }) => slug === TEMPLATE_SLUG) ??
    (await ask<ManagedTemplate>('POST', '/api/templates', {
      slug: TEMPLATE_SLUG,
      title: 'Private letters to Congress',
      language: 'en',
      subject,
      body,
      topics,
      bills,
      stance,
      officeScope: [...CHAMBER_KEYS],
      campaignId: TEMPLATE_SLUG,
    }));
  await ask('PATCH', `/api/templates/${id}`, { version, status: 'published', campaignNote });
}
