import { decodeUtf8, MAX_PUBLISHED_LIST_BYTES, type Template, templateListSchema } from '@communique-tee/protocol';
import type { Command } from 'commander';
import { Failure } from './failure';
import { fetchBounded } from './gateway';

const TIMEOUT_MS = 30_000;

export interface TemplateOption {
  readonly template?: string;
}

export function templateOption(command: Command): Command {
  return command.option(
    '--template <slug>',
    "start from a published text of the gateway. It supplies the campaign, with --residence also the campaign's note, and each of subject, body, topics, stance and bills that the message file leaves out",
  );
}

/**
 * Fetches the whole published list and finds the text in it here, so that the gateway does not learn which text it is.
 * @throws Failure `not_understood`, `unreachable`
 */
export async function templateOf({ template }: TemplateOption, gateway: URL): Promise<Template | undefined> {
  if (template === undefined) return undefined;
  const { ok, status, body } = await fetchBounded(new URL('/api/templates', gateway), {
    accept: 'application/json',
    maxBytes: MAX_PUBLISHED_LIST_BYTES,
    timeoutMs: TIMEOUT_MS,
  });
  if (!ok) throw new Failure('unreachable', `${gateway.host} gave no list of texts (${String(status)})`);
  const list = readList(body);
  if (list === undefined) throw new Failure('unreachable', `the answer of ${gateway.host} is not a list of texts`);
  const found = list.find(({ slug }) => slug === template);
  if (found === undefined)
    throw new Failure('not_understood', `${gateway.host} publishes no text of that name (--template)`);
  return found;
}

/** Fills in the members that the message leaves out. @throws Failure `not_understood` for a message of another campaign */
export function fillIn(message: object, template: Template): object {
  const { subject, body, topics, stance, bills, campaignId } = template;
  const given: Readonly<Record<string, unknown>> = { ...message };
  if (given['campaignId'] !== undefined && given['campaignId'] !== campaignId)
    throw new Failure('not_understood', 'the message file names another campaign than the text (campaignId)');
  const words = {
    ...{ subject, body, topics },
    ...(stance !== null && { stance }),
    ...(bills.length > 0 && { bills }),
  };
  const own = given['message'];
  return { ...given, campaignId, message: typeof own === 'object' && own !== null ? { ...words, ...own } : words };
}

function readList(body: Uint8Array): readonly Template[] | undefined {
  try {
    const list = templateListSchema.safeParse(JSON.parse(decodeUtf8(body)));
    return list.success ? list.data.templates : undefined;
  } catch {
    return undefined;
  }
}
