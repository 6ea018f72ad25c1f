import { fail, notInTime, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { codeOf, isCertificateCode, isUnreachable, nameOf, ranOutOfTime } from '../error-code';

interface Provider {
  readonly name: string;
  readonly title: string;
  readonly called: string;
  /** The first that is set counts. */
  readonly variables: readonly string[];
  readonly origin: keyof Context['ports']['origins'];
  readonly path: string;
  headers(key: string, env: Context['ports']['env']): Record<string, string>;
  /** Where the answer lists models. */
  readonly listedIn: string;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const NOT_USED = 'nothing in this release uses it yet';

/** The list of models costs nothing and proves the key. The key goes in a header: a URL is written into logs. */
export const modelsCheck = (provider: Provider): Check => ({
  name: provider.name,
  title: provider.title,
  group: 'providers',
  network: true,
  async run(context) {
    const variable = provider.variables.find((name) => (context.ports.env[name] ?? '') !== '');
    if (variable === undefined) return skip(`${provider.variables.join(' or ')} is not set; ${NOT_USED}`);
    const key = context.ports.env[variable] ?? '';
    context.redactor.add(key);
    if (!/^[\x21-\x7e]+$/.test(key))
      return fail(`${variable} holds a blank, a line break or another character that no key has`, 'copy it again');
    try {
      const response = await context.ports.fetch(`${context.ports.origins[provider.origin]}${provider.path}`, {
        headers: { accept: 'application/json', ...provider.headers(key, context.ports.env) },
        redirect: 'error',
        signal: context.signal,
      });
      return await judge(provider, variable, response);
    } catch (error) {
      return unanswered(provider, error);
    }
  },
});

async function judge({ called, listedIn }: Provider, variable: string, response: Response): Promise<Finding> {
  const status = String(response.status);
  if (response.status === 200) {
    const models = await countOf(response, listedIn);
    return models === undefined
      ? warn(`${called} answered 200 without a list of models`, 'is there a proxy in between?')
      : pass(`${called} takes the key of ${variable} (${String(models)} models on the first page); ${NOT_USED}`);
  }
  await response.body?.cancel();
  // Google answers 400 to a key that is none.
  if ([400, 401, 403].includes(response.status))
    return fail(
      `${called} does not take the key of ${variable} (${status})`,
      'make a new key there, or look whether this one is restricted to other addresses or services',
    );
  if (response.status === 429)
    return warn(
      `${called} asks for patience (429), so the key was not proven`,
      'run this again; where it stays, look at the account’s quota and payment',
    );
  if (response.status >= 500) return warn(`${called} could not answer (${status})`, 'run this again');
  return fail(`${called} answered ${status}`, 'is there a proxy in between?');
}

function unanswered({ called }: Provider, error: unknown): Finding {
  const code = codeOf(error) ?? '';
  if (isCertificateCode(code))
    return fail(
      `${called}: the certificate is not accepted (${code})`,
      'something stands in between: do not go on before it is known what',
    );
  if (ranOutOfTime(error)) return notInTime(called);
  if (isUnreachable(error))
    return fail(`${called} is not reachable from here (${code})`, 'look at this machine’s network and proxy');
  return fail(`${called} could not be asked (${nameOf(error)})`, 'run this again; is there a proxy in between?');
}

/** undefined: not a list of models, or too large to be one. */
async function countOf(response: Response, listedIn: string): Promise<number | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    const json: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const list: unknown =
      typeof json === 'object' && json !== null
        ? Object.entries(json).find(([name]) => name === listedIn)?.[1]
        : undefined;
    return Array.isArray(list) ? list.length : undefined;
  } catch {
    return undefined;
  }
}
