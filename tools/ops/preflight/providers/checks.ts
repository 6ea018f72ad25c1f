import { member, textOf, type Json } from '@communique-tee/enclave/services/agents/providers/dialect';
import { modelsCheck } from './ask-models';

const ASKS = 'and each configured model answers one short question (some micro-dollars)';

/** Reads the models' names from a page of a provider's list; undefined if the page has no list. */
const names =
  (list: string, name: string, strip = '') =>
  (page: Json): string[] | undefined => {
    const items = member(page, list);
    if (!Array.isArray(items)) return undefined;
    return items.map((item: Json) => textOf(member(item, name)).replace(strip, ''));
  };

export const openai = modelsCheck({
  name: 'openai',
  title: `OPENAI_API_KEY lists OpenAI’s models, ${ASKS}`,
  called: 'OpenAI',
  provider: 'openai',
  variables: ['OPENAI_API_KEY'],
  origin: 'openai',
  organization: ({ OPENAI_ORGANIZATION: organization }) =>
    organization !== undefined && /^[\w-]{1,100}$/.test(organization) ? organization : undefined,
  listPath: '/v1/models',
  modelsOn: names('data', 'id'),
  nextPage: () => undefined,
});

export const googleAi = modelsCheck({
  name: 'google-ai',
  title: `GOOGLE_AI_API_KEY or GEMINI_API_KEY lists Google’s models, ${ASKS}`,
  called: 'Google AI',
  provider: 'gemini',
  variables: ['GOOGLE_AI_API_KEY', 'GEMINI_API_KEY'],
  origin: 'googleAi',
  listPath: '/v1beta/models?pageSize=1000',
  modelsOn: names('models', 'name', 'models/'),
  nextPage: (page) => {
    const token = textOf(member(page, 'nextPageToken'));
    return token === '' ? undefined : `&pageToken=${encodeURIComponent(token)}`;
  },
});

export const anthropic = modelsCheck({
  name: 'anthropic',
  title: `ANTHROPIC_API_KEY lists Anthropic’s models, ${ASKS}`,
  called: 'Anthropic',
  provider: 'anthropic',
  variables: ['ANTHROPIC_API_KEY'],
  origin: 'anthropic',
  listPath: '/v1/models?limit=1000',
  modelsOn: names('data', 'id'),
  nextPage: (page) => {
    const last = textOf(member(page, 'last_id'));
    return member(page, 'has_more') === true && last !== '' ? `&after_id=${encodeURIComponent(last)}` : undefined;
  },
});
