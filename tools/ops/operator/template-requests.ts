import {
  isProblemCode,
  type ManagedTemplate,
  managedTemplateListSchema,
  managedTemplateSchema,
  PROBLEMS,
  type TemplateRuns,
  templateRunsSchema,
} from '@communique-tee/protocol';
import * as z from 'zod';
import { Failure, messageOf } from '../../cli/failure';

const TIMEOUT_MS = 30_000;
/** All templates together have at most 4 MiB of text, and JSON may use six bytes for a character. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

const problemSchema = z.looseObject({
  code: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.looseObject({ message: z.string() })).optional(),
});

/** The gateway refused or gave an unknown answer, or has no template of this name. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Requests to the gateway's routes for templates, with an administrator's token. */
export class TemplateRequests {
  constructor(
    private readonly gateway: URL,
    private readonly token: string,
  ) {}

  /** @throws Refusal, or a Failure `unreachable`, as do the other methods */
  async list(): Promise<readonly ManagedTemplate[]> {
    return managedTemplateListSchema.parse(await this.ask('GET', 'api/admin/templates')).templates;
  }

  async add(template: unknown): Promise<ManagedTemplate> {
    return managedTemplateSchema.parse(await this.ask('POST', 'api/templates', template));
  }

  /** Changes the current version of the template. Reads the list first, because the gateway's routes take an id, not a slug. */
  async change(slug: string, change: Readonly<Record<string, unknown>>): Promise<ManagedTemplate> {
    const { id, version } = await this.find(slug);
    return managedTemplateSchema.parse(await this.ask('PATCH', `api/templates/${id}`, { ...change, version }));
  }

  async runs(slug: string): Promise<TemplateRuns> {
    const { id } = await this.find(slug);
    return templateRunsSchema.parse(await this.ask('GET', `api/admin/templates/${id}/runs`));
  }

  async record(slug: string, run: { readonly requestId: string; readonly task: string }): Promise<TemplateRuns> {
    const { id } = await this.find(slug);
    return templateRunsSchema.parse(await this.ask('POST', `api/admin/templates/${id}/runs`, run));
  }

  private async find(slug: string): Promise<ManagedTemplate> {
    const found = (await this.list()).find((each) => each.slug === slug);
    if (found === undefined)
      throw new Refusal(`there is no template ${slug}: \`templates list\` shows those that exist`);
    return found;
  }

  private async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    let status: number;
    let text: string;
    try {
      const response = await fetch(new URL(path, this.gateway), {
        method,
        redirect: 'error',
        headers: {
          authorization: `Bearer ${this.token}`,
          accept: 'application/json',
          'content-type': 'application/json',
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      status = response.status;
      text = await bounded(response);
    } catch (error) {
      throw new Failure('unreachable', `${this.gateway.host} did not answer: ${messageOf(error)}`, error);
    }
    const value = parsed(text);
    if (status >= 200 && status < 300 && value !== undefined) return value;
    throw refusalOf(status, value);
  }
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalOf(status: number, value: unknown): Refusal {
  const problem = problemSchema.safeParse(value);
  if (!problem.success) return new Refusal(`the gateway answered ${String(status)} in an unknown form`);
  const { code, detail, errors = [] } = problem.data;
  const title = isProblemCode(code) ? PROBLEMS[code].title : code;
  return new Refusal(
    [`${title} (${code})`, ...(detail === undefined ? [] : [detail]), ...errors.map((each) => each.message)].join(
      '\n  ',
    ),
  );
}
