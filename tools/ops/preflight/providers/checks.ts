import { modelsCheck } from './ask-models';

export const openai = modelsCheck({
  name: 'openai',
  title: 'OPENAI_API_KEY lists OpenAI’s models',
  called: 'OpenAI',
  variables: ['OPENAI_API_KEY'],
  origin: 'openai',
  path: '/v1/models',
  headers: (key, { OPENAI_ORGANIZATION: organization }) => ({
    authorization: `Bearer ${key}`,
    ...(organization !== undefined && /^[\w-]{1,100}$/.test(organization) && { 'openai-organization': organization }),
  }),
  listedIn: 'data',
});

export const googleAi = modelsCheck({
  name: 'google-ai',
  title: 'GOOGLE_AI_API_KEY or GEMINI_API_KEY lists Google’s models',
  called: 'Google AI',
  variables: ['GOOGLE_AI_API_KEY', 'GEMINI_API_KEY'],
  origin: 'googleAi',
  path: '/v1beta/models',
  headers: (key) => ({ 'x-goog-api-key': key }),
  listedIn: 'models',
});

export const anthropic = modelsCheck({
  name: 'anthropic',
  title: 'ANTHROPIC_API_KEY lists Anthropic’s models',
  called: 'Anthropic',
  variables: ['ANTHROPIC_API_KEY'],
  origin: 'anthropic',
  path: '/v1/models',
  headers: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  listedIn: 'data',
});
