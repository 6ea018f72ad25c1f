import type { Command } from 'commander';
import { MAX_CAMPAIGN_NOTE_BYTES, type ManagedTemplate, TASKS, type TemplateRuns } from '@communique-tee/protocol';
import { type CommandLine, terminal, type Streams, UsageError } from '@communique-tee/command-line';
import { Failure } from '../../cli/failure';
import { readJsonFile, readText } from '../../cli/files';
import {
  gatewayOf,
  gatewayOption,
  type GatewayOption,
  tokenOf,
  tokenOption,
  type TokenOption,
} from '../../cli/options';
import { Refusal, TemplateRequests } from './template-requests';

export interface TemplatesWorld {
  readonly streams: Streams;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const thisProcess: TemplatesWorld = { streams: terminal, environment: process.env };
const MAX_FILE_BYTES = 128 * 1024;
const AFTER = `
The token needs the gateway's scope of administration (AUTH_ADMIN_SCOPE). docs/operator/templates.md lists the fields of a template.

Exit code
  0  done
  1  the gateway refused or has no such template; the error says why
  2  an argument, the file or the token was not understood: the error names it
  3  the gateway or the file could not be reached
`;

interface Options extends GatewayOption, TokenOption {
  readonly json?: boolean;
  readonly campaignNote?: string;
}

/** `templates`: manages, through the gateway, the public texts from which people start a message. */
export function templates(command: Command, line: CommandLine, world: TemplatesWorld = thisProcess): void {
  command.description('The public texts that people start a message from.').helpCommand(false);
  const add = (name: string, summary: string, build: (command: Command) => Command): Command => {
    const made = build(command.command(name))
      .summary(summary)
      .description(`${summary[0]?.toUpperCase() ?? ''}${summary.slice(1)}.`);
    return tokenOption(gatewayOption(made))
      .option('--json', 'print what the gateway answers')
      .addHelpText('after', AFTER);
  };
  const note = (made: Command): Command =>
    made.option('--campaign-note <file>', "the registrar's signed note for its campaign");

  add('list', 'list every template, the latest changed first', (made) => made).action(
    line.run((options: Options) =>
      run(options, world, async (requests) => {
        const list = await requests.list();
        return [{ templates: list }, list.length === 0 ? 'There are no templates.\n' : list.map(lineOf).join('')];
      }),
    ),
  );
  note(add('add', 'add a draft', (made) => made.argument('<file>', 'JSON'))).action(
    line.run((file: string, options: Options) =>
      run(options, world, async (requests) => {
        const added = await requests.add({ ...read(file), ...noteOf(options) });
        return [added, `Added as a draft: ${lineOf(added)}`];
      }),
    ),
  );
  note(
    add('change', 'replace the fields that a file names', (made) =>
      made.argument('<slug>').argument('[file]', 'JSON: the fields to replace'),
    ),
  ).action(
    line.run((slug: string, file: string | undefined, options: Options) =>
      run(options, world, async (requests) => {
        const { slug: named = slug, ...change } = file === undefined ? {} : read(file);
        if (named !== slug) throw new Refusal(`the file is for the template ${JSON.stringify(named)}`);
        const changed = await requests.change(slug, { ...change, ...noteOf(options) });
        return [changed, `Changed: ${lineOf(changed)}`];
      }),
    ),
  );
  for (const [name, status, summary] of [
    ['publish', 'published', 'put a template on the public list'],
    ['archive', 'archived', 'take a template from the public list'],
  ] as const)
    note(add(name, summary, (made) => made.argument('<slug>'))).action(
      line.run((slug: string, options: Options) =>
        run(options, world, async (requests) => {
          const changed = await requests.change(slug, { status, ...noteOf(options) });
          return [changed, `Now ${status}: ${lineOf(changed)}`];
        }),
      ),
    );
  add('runs', 'list what agents did for a template, and what it cost', (made) => made.argument('<slug>')).action(
    line.run((slug: string, options: Options) =>
      run(options, world, async (requests) => {
        const runs = await requests.runs(slug);
        return [runs, runs.runs.length === 0 ? `No agent worked on ${slug}.\n` : textOf(runs)];
      }),
    ),
  );
  add('record', 'record a task of an agent that you did for a template', (made) =>
    made
      .argument('<slug>')
      .option('--request <id>', 'the id of the task, as `communique-tee agent` prints it')
      .option('--task <task>', TASKS.join(', ')),
  ).action(
    line.run((slug: string, { request, task, ...options }: RecordOptions) => {
      if (request === undefined || task === undefined)
        throw new UsageError('templates record needs --request <id> and --task <task>');
      return run(options, world, async (requests) => {
        const runs = await requests.record(slug, { requestId: request, task });
        return [runs, textOf(runs)];
      });
    }),
  );
}

interface RecordOptions extends Options {
  readonly request?: string;
  readonly task?: string;
}

type Work = (requests: TemplateRequests) => Promise<readonly [answer: unknown, words: string]>;

/** @returns the exit code */
async function run(options: Options, { streams, environment }: TemplatesWorld, work: Work): Promise<number> {
  try {
    const [answer, words] = await work(
      new TemplateRequests(gatewayOf(options, environment), tokenOf(options, environment)),
    );
    streams.out(options.json === true ? `${JSON.stringify(answer)}\n` : words);
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Failure)) throw error;
    streams.err(`${error.message}\n`);
    return error instanceof Failure ? error.exit : 1;
  }
}

function read(file: string): Record<string, unknown> {
  const value = readJsonFile(file, MAX_FILE_BYTES);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Failure('not_understood', `${file} holds no JSON object`);
  return value as Record<string, unknown>;
}

function noteOf({ campaignNote }: Options): { campaignNote?: string } {
  return campaignNote === undefined ? {} : { campaignNote: readText(campaignNote, MAX_CAMPAIGN_NOTE_BYTES) };
}

function textOf({ runs, costBreakdown }: TemplateRuns): string {
  const lines = [
    ...runs.map(
      ({ recordedAt, task, provider, model, end, costMicroUsd }) =>
        `${recordedAt}  ${task}, ${model} of ${provider}, ${end}: ${costMicroUsd} micro-dollars`,
    ),
    ...costBreakdown.map(
      ({ provider, model, attempts, costMicroUsd }) =>
        `${model} of ${provider} in ${String(attempts)} attempts: ${costMicroUsd} micro-dollars`,
    ),
  ];
  return lines.map((each) => `${each}\n`).join('');
}

function lineOf({ slug, status, version, language, campaignId, campaignNote, title }: ManagedTemplate): string {
  return `${slug}  ${status}, version ${String(version)}, ${language}, campaign ${campaignId}${campaignNote === null ? '' : ' with its note'}: ${title}\n`;
}
