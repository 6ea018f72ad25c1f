import {
  connect,
  mostATaskCosts,
  type Client,
  type ModelOffer,
  type Policy,
  type TaskResult,
} from '@communique-tee/client';
import { TASKS, type Task } from '@communique-tee/protocol';
import { Option } from 'commander';
import type { AddCommand, Context } from '../command';
import { EXIT, Failure, usage, type Exit } from '../failure';
import { readText } from '../files';
import {
  gatewayOf,
  gatewayOption,
  jsonOption,
  tokenOf,
  tokenOption,
  type GatewayOption,
  type JsonOption,
  type TokenOption,
} from '../options';
import { iso, json, rows } from '../output/terminal';
import { trustOf, trustOptions, type Trust, type TrustOptions } from '../trust';

const MAX_FILE_BYTES = 1024 * 1024;
/** Attempts of one task: after some failures the gateway makes a second one. */
const MAX_ATTEMPTS = 2n;

const after = (name: string) => `
The text goes sealed to the enclave, and from there to the provider of the model, who reads it. The gateway cannot read it.
Nothing is sent to Congress. The text on standard output was written by a model: read it before you use it.
What the enclave signed about tokens and cost is verified, and shown on standard error.

Exit code
  0  there is a text; if it was cut, a warning says so
  1  refused: the enclave is not one that you accept, it offers no model for this, or the model gave no text that can be used
  2  an argument, the file, the policy or the token was not understood: the error names it
  3  a file could not be read, the gateway could not be reached, or the provider failed

Examples
  ${name} agent --list --policy policy.json
  ${name} agent draft --model small --message letter.txt --policy policy.json --token-file token > draft.txt
  ${name} agent subject --message docs/examples/message.json --model small --policy policy.json
`;

interface Options extends TrustOptions, GatewayOption, TokenOption, JsonOption {
  readonly list?: boolean;
  readonly message?: string;
  readonly model?: string;
  readonly language: string;
  readonly maxOutput?: string;
}

export const agent: AddCommand = (program, run) => {
  const command = program
    .command('agent')
    .argument('[task]', `what to ask for: ${TASKS.join(', ')}`)
    .summary("have a provider's model write a subject, a clearer or shorter draft, or a review")
    .description(
      'Asks a model to do a task. The command verifies the enclave, and seals the text to its key. It also verifies the signed statement of tokens and cost that comes with the answer.',
    )
    .option('--message <file>', 'the text: a plain text file, or a message as JSON (docs/message.md)')
    .option('--model <class>', 'a model that the enclave attests (default: the only one that takes the task)')
    .option('--list', 'list the models that the enclave attests, and do nothing else')
    .addOption(new Option('--language <tag>', 'primary language of the answer').default('en'))
    .option(
      '--max-output <tokens>',
      'the most tokens of the answer: 64 to 2048 in steps of 64 (default: the most that the model class gives)',
    );
  for (const add of [gatewayOption, tokenOption, jsonOption]) add(command);
  return trustOptions(command)
    .addHelpText('after', after(program.name()))
    .action(
      run(async (context, task: string | undefined, options: Options) => {
        const gateway = gatewayOf(options, context.environment);
        const trust = trustOf(options);
        if (options.list === true)
          return showModels(await connected(gateway, trust, options, context), options, context);
        const asked = TASKS.find((each) => each === task);
        if (asked === undefined) throw usage(`name a task: ${TASKS.join(', ')}; or --list`);
        if (options.message === undefined) throw usage('--message <file> is missing: the text, or a message as JSON');
        const content = readContent(options.message);
        const maxOutputTokens = tokensOf(options.maxOutput);
        // Fail before the first request to the gateway if there is no token
        tokenOf(options, context.environment);
        const client = await connected(gateway, trust, options, context);
        const model = modelFor(asked, await client.models({ signal: context.signal }), options.model);
        context.err(`  ${model.provider} reads the text (${model.model}); the gateway does not\n`);
        const most = mostCost(model, content, maxOutputTokens);
        if (most !== null) context.err(`  costs at most ${String(most)} micro-dollars of your day’s budget\n`);
        const result = await client.agent(
          {
            task: asked,
            modelClass: model.id,
            language: options.language,
            ...content,
            ...(maxOutputTokens !== undefined && { maxOutputTokens }),
          },
          {
            signal: context.signal,
            onState: (state) => {
              if (state.step === 'sealed')
                context.err(`  sealed: ${String(state.request.length)} bytes, posting ${state.id}\n`);
              else if (state.step === 'waiting')
                context.err(`  waiting ${String(Math.ceil(state.waitMs / 1000))} s: ${state.because}\n`);
            },
          },
        );
        show(result, options, context);
        return exitOf(result);
      }),
    );
};

function connected(
  gateway: URL,
  trust: Trust,
  options: TokenOption,
  { environment, signal, err }: Context,
): Promise<Client> {
  const { measurements, custody, maxAgeMs, developmentRootPem } = trust;
  const policy: Policy = {
    acceptedMeasurements: measurements,
    maxAgeMs,
    ...(custody && { acceptedCustody: custody }),
    ...(developmentRootPem !== undefined && { unsafeDevelopmentRootPem: developmentRootPem }),
  };
  return connect(gateway, policy, {
    token: () => tokenOf(options, environment),
    signal,
    onState: (state) => {
      if (state.step === 'attested')
        err(`  verified: PCR0 ${state.key.attestation.pcr0.slice(0, 16)}..., custody ${state.key.custody}\n`);
    },
  });
}

interface Content {
  readonly text: string;
  readonly subject: string | null;
}

/** Reads the text, and converts line ends to `\n`, the only ones that the enclave accepts. @throws Failure `file_unreadable`, `not_understood` */
function readContent(file: string): Content {
  const content = readText(file, MAX_FILE_BYTES).replaceAll(/\r\n?/g, '\n');
  if (!content.trimStart().startsWith('{')) return { text: content, subject: null };
  const { subject, body, organizationStatement } = messageIn(content, file);
  const text = [body, organizationStatement].find((each) => typeof each === 'string');
  if (text === undefined) throw new Failure('not_understood', `${file} has no text: message.body is missing`);
  return { text, subject: typeof subject === 'string' ? subject : null };
}

/** Returns the message of a JSON file. @throws Failure `not_understood`, which never quotes the file */
function messageIn(content: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw new Failure(
      'not_understood',
      `${file} begins like JSON, but cannot be parsed: fix it, or give a plain text file`,
    );
  }
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined;
  if (typeof message !== 'object' || message === null)
    throw new Failure('not_understood', `${file} is not a message; docs/examples/message.json is one`);
  return message as Record<string, unknown>;
}

/** @throws Failure `usage` */
function tokensOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (!/^\d{1,4}$/.test(given)) throw usage('--max-output takes a number of tokens: 64 to 2048 in steps of 64');
  return Number(given);
}

/**
 * Returns the named model, or the only one that takes the task.
 * @throws Failure `no_model`; `usage` if several models take the task and none is named
 */
function modelFor(task: Task, models: readonly ModelOffer[], named: string | undefined): ModelOffer {
  const taking = models.filter(({ id, tasks }) => (named === undefined ? tasks.includes(task) : id === named));
  const [model, ...others] = taking;
  if (model !== undefined && others.length === 0) return model;
  const names = models.map(({ id, tasks }) => `${id} (${tasks.join(', ')})`).join('; ');
  if (model === undefined)
    throw new Failure('no_model', `the enclave attests no model for this: ${names || 'it takes no tasks'}`);
  throw usage(`name one with --model: ${names}`);
}

/**
 * Returns the most that all attempts can cost, in micro-dollars; null if this command cannot know it. Then the library or the gateway
 * refuses the task.
 */
function mostCost(
  model: ModelOffer,
  { text, subject }: Content,
  maxOutputTokens = model.maxOutputTokens,
): bigint | null {
  const bytes = Buffer.byteLength(text) + Buffer.byteLength(subject ?? '');
  const once = mostATaskCosts({ ...model, maxOutputTokens }, bytes);
  return once === null ? null : once * MAX_ATTEMPTS;
}

async function showModels(client: Client, options: JsonOption, { out, signal }: Context): Promise<Exit> {
  const models = await client.models({ signal });
  if (options.json === true) out(json({ models }));
  else if (models.length === 0) out('The enclave attests no models.\n');
  else
    for (const { id, provider, model, tasks, maxOutputTokens, available } of models)
      out(
        `${id}  ${provider} ${model}  ${tasks.join(', ')}  at most ${String(maxOutputTokens)} tokens${available ? '' : '  off now, the gateway reports'}\n`,
      );
  return EXIT.done;
}

function show(result: TaskResult, options: JsonOption, { out, err, paint }: Context): void {
  const { id, outcome, text, problem, statement, chargedMicroUsd, costChecked, proof } = result;
  if (options.json === true) {
    out(
      json({
        id,
        outcome,
        text,
        problem,
        charged_micro_usd: String(chargedMicroUsd),
        cost_checked: costChecked,
        statement,
        proof,
      }),
    );
    return;
  }
  // The enclave has removed control characters; remove them here too, so that none reaches the terminal
  if (text !== null) out(`${text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?')}\n`);
  if (outcome === 'cut') err(`${paint('WARNING', 'warn')}  the text stops at the maximum output: it is not whole\n`);
  if (text === null) {
    const why = problem === null ? '' : ` (${problem})`;
    err(`${paint('NO TEXT', 'bad')}  ${outcome}${why}: ask again, or name another --model\n`);
  }
  const { usage: tokens, usage_state } = statement;
  err(
    `${paint('VERIFIED', 'good')}  signed ${iso(statement.time * 1000)}, attempt ${String(statement.attempt)}\n${rows([
      ['model', `${statement.provider} ${statement.served_model ?? statement.model}`],
      [
        'tokens',
        tokens === null
          ? usage_state
          : `${String(tokens.input)} input, ${String(tokens.cached)} cached, ${String(tokens.cacheWrittenShort + tokens.cacheWrittenLong)} written to a cache, ${String(tokens.output)} output, ${String(tokens.thinking)} thinking`,
      ],
      ['charged', `${String(chargedMicroUsd)} micro-dollars`],
      [
        'prices',
        `${statement.prices_version}, ${costChecked ? 'calculated again here' : 'not calculated here: this command has another price table'}`,
      ],
      ['request', id],
    ])}`,
  );
}

function exitOf({ outcome, text }: TaskResult): Exit {
  if (text !== null) return EXIT.done;
  return outcome === 'provider_failed' ? EXIT.notReached : EXIT.refused;
}
