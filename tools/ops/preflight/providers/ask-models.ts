import { costMicroUsd, PRICE_TABLE, rowOf } from '@communique-tee/agents';
import { DIALECTS } from '@communique-tee/enclave/services/agents/providers/ask-provider';
import type { Json } from '@communique-tee/enclave/services/agents/providers/dialect';
import type { Provider, ProviderFailure } from '@communique-tee/protocol';
import { fail, notInTime, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { readEnclaveConfiguration } from '../congress/enclave-configuration';
import { codeOf, isCertificateCode, isUnreachable, nameOf, ranOutOfTime } from '../error-code';

export interface ModelProvider {
  readonly name: string;
  readonly title: string;
  readonly called: string;
  readonly provider: Provider;
  /** The environment variables that may hold the key; the first that is set is used. */
  readonly variables: readonly string[];
  readonly origin: keyof Context['ports']['origins'];
  organization?(env: Context['ports']['env']): string | undefined;
  /** Path of the list's first page, with the largest page size. */
  readonly listPath: string;
  /** Names of the models on a page; undefined if the page has no list. */
  modelsOn(page: Json): string[] | undefined;
  /** The query for the next page; undefined on the last one. */
  nextPage(page: Json): string | undefined;
}

interface Connection {
  readonly context: Context;
  readonly of: ModelProvider;
  readonly variable: string;
  readonly headers: Record<string, string>;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_PAGES = 20;
/** The smallest task that every provider accepts. */
const QUESTION = {
  prompt: { instructions: 'Answer with the word ok and nothing else.', input: 'ok' },
  maxOutputTokens: 64,
};

/**
 * Lists the provider's models, which costs nothing. Then asks each configured model one short question in the enclave’s form,
 * because the list does not show an empty balance, the free tier, or a parameter that a model refuses. Keys are sent in headers, because
 * URLs are logged.
 */
export const modelsCheck = (of: ModelProvider): Check => ({
  name: of.name,
  title: of.title,
  group: 'providers',
  network: true,
  async run(context) {
    const configuration = await readEnclaveConfiguration(context);
    const classes = 'problem' in configuration ? [] : (configuration.services.agents?.classes ?? []);
    const models = [...new Set(classes.filter(({ provider }) => provider === of.provider).map(({ model }) => model))];
    const variable = of.variables.find((name) => (context.ports.env[name] ?? '') !== '');
    if (variable === undefined) {
      const names = of.variables.join(' or ');
      if (models.length === 0) return skip(`${names} is not set, and no class of the enclave’s configuration needs it`);
      return warn(
        `${names} is not set here, so this check did not look for ${models.join(', ')}`,
        'the enclave’s key is stored encrypted in Secrets Manager: set the same key for this command only',
      );
    }
    const key = context.ports.env[variable] ?? '';
    context.redactor.add(key);
    if (!/^[\x21-\x7e]+$/.test(key))
      return fail(`${variable} holds a blank, a line break or another character that no key has`, 'copy it again');
    const connection: Connection = {
      context,
      of,
      variable,
      headers: {
        ...DIALECTS[of.provider].headers({ apiKey: key, organization: of.organization?.(context.ports.env) }),
        accept: 'application/json',
        'accept-encoding': 'identity',
      },
    };
    try {
      return await checkModels(connection, models);
    } catch (error) {
      return unanswered(of, error);
    }
  },
});

async function checkModels(connection: Connection, models: readonly string[]): Promise<Finding | Finding[]> {
  const { of, variable } = connection;
  const listed = await list(connection);
  if (!Array.isArray(listed)) return listed;
  const takes = `${of.called} takes the key of ${variable} (${String(listed.length)} models)`;
  if (models.length === 0)
    return pass(`${takes}; no class of the enclave’s configuration names one of them, so the key is not used`);
  const missing = models.filter((model) => !listed.includes(model));
  const findings = missing.map((model) =>
    fail(
      `${of.called} has no ${model} for this key, and a class of the enclave’s configuration names it`,
      'name another model in services.agents.classes, or ask the provider for it; a change needs a new image',
    ),
  );
  for (const model of models.filter((each) => !missing.includes(each)))
    findings.push(await question(connection, model));
  return [pass(takes), ...findings];
}

/** @returns the names of all models, or what went wrong */
async function list(connection: Connection): Promise<string[] | Finding> {
  const { of } = connection;
  const names: string[] = [];
  let query: string | undefined = '';
  for (let page = 0; query !== undefined && page < MAX_PAGES; page += 1) {
    const response = await request(connection, `${of.listPath}${query}`, {});
    if (response.status !== 200) return refused(connection, response);
    const body = await jsonOf(response);
    const models = of.modelsOn(body);
    if (models === undefined)
      return warn(`${of.called} answered 200 without a list of models`, 'is there a proxy in between?');
    names.push(...models);
    query = of.nextPage(body);
  }
  return names;
}

async function question(connection: Connection, model: string): Promise<Finding> {
  const { context, of } = connection;
  const row = rowOf(PRICE_TABLE, of.provider, model, new Date(context.ports.nowMs()));
  if (!row) return skip(`${model} is not in the price table of this release: see agents`);
  const dialect = DIALECTS[of.provider];
  const asked = { row, ...QUESTION };
  const sent = dialect.request(asked);
  const response = await request(connection, dialect.target(model), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sent),
  });
  if (response.status !== 200) return refused(connection, response, model);
  const answered = dialect.answered(await jsonOf(response), asked);
  if (!answered)
    return fail(
      `${of.called} answered a question to ${model} with 200 and no answer`,
      'run this again; is there a proxy in between?',
    );
  if (!answered.asRequested)
    return fail(
      `${of.called} served ${model} at another tier, or kept the text longer, than the request says`,
      'look at the project’s settings there: such answers are charged in full and switch the model off',
    );
  if (answered.usage === null)
    return fail(
      `${of.called} reports usage of ${model} that does not add up`,
      'such answers are charged in full: name another model in services.agents.classes',
    );
  const cost = String(costMicroUsd(answered.usage, row));
  return pass(`${model} answers as the enclave asks it (${retentionIn(sent)}; ${cost} micro-dollars)`);
}

/** Returns the request’s settings of how long the provider keeps the text. */
function retentionIn(request: object): string {
  const named = Object.entries(request).filter(([name]) => name === 'store' || name.startsWith('prompt_cache'));
  return named.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ') || 'no setting of retention';
}

/** What happened and what to do, for each kind of failure that the enclave reports (docs/agents.md). */
const ADVICE: Partial<Record<ProviderFailure, readonly [called: string, todo: string]>> = {
  key: [
    'does not take the key',
    'make a new key there, or look whether this one is restricted to other addresses or services',
  ],
  funds: ['has no funds for this key', 'pay there, or raise the limit of payment: tasks fail until then'],
  quota: ['reports a used-up quota', 'look at the account’s quota and payment there'],
  free_tier: [
    'has this key on its free tier, where drafts may be trained on',
    'set up payment for the key’s project before any draft goes there; then run this again',
  ],
  location: [
    'does not serve this machine’s address',
    'what counts is the parent’s address: if tasks fail there too, the region is not served',
  ],
  model: ['does not have the model', 'name another model in services.agents.classes; a change needs a new image'],
  request: [
    'refuses the request',
    'the model takes other parameters than the price table of this release says: name another one',
  ],
};

async function refused({ of, variable }: Connection, response: Response, model?: string): Promise<Finding> {
  const body = response.status >= 400 && response.status < 500 ? await jsonOf(response) : undefined;
  await response.body?.cancel().catch(() => undefined);
  const status = String(response.status);
  const { end } = DIALECTS[of.provider].failed(
    response.status,
    body,
    (name) => response.headers.get(name) ?? undefined,
  );
  const where = `${model === undefined ? `the key of ${variable}` : model}, ${status}`;
  if (response.status < 400 || (model === undefined && (end === 'model' || end === 'request')))
    return fail(`${of.called} answered ${status}`, 'is there a proxy in between?');
  const known = ADVICE[end];
  if (known) return fail(`${of.called} ${known[0]} (${where})`, known[1]);
  if (end === 'rate')
    return warn(
      `${of.called} throttles requests (${where}), so the key was not proven`,
      'run this again; if requests are still throttled, look at the account’s quota and payment',
    );
  return warn(`${of.called} could not answer (${where})`, 'run this again');
}

function request({ context, of, headers }: Connection, path: string, more: RequestInit): Promise<Response> {
  return context.ports.fetch(`${context.ports.origins[of.origin]}${path}`, {
    ...more,
    headers: { ...headers, ...more.headers },
    redirect: 'error',
    signal: context.signal,
  });
}

function unanswered({ called }: ModelProvider, error: unknown): Finding {
  const code = codeOf(error) ?? '';
  if (isCertificateCode(code))
    return fail(
      `${called}: the certificate is not accepted (${code})`,
      'a proxy or attacker may be in between: find out before you continue',
    );
  if (ranOutOfTime(error)) return notInTime(called);
  if (isUnreachable(error))
    return fail(`${called} is not reachable from here (${code})`, 'look at this machine’s network and proxy');
  return fail(`${called} could not be asked (${nameOf(error)})`, 'run this again; is there a proxy in between?');
}

/** @returns undefined if the answer is not JSON, or too large */
async function jsonOf(response: Response): Promise<Json> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}
