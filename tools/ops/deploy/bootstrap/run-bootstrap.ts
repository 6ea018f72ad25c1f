import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { awsClients, callerIdentity } from '../../preflight/aws/account';
import { awsCommand } from '../../preflight/aws/command';
import { awsCode, explainAws } from '../../preflight/aws/explain';
import { messageOf } from '../../preflight/error-code';
import type { Ports } from '../ports';
import { BootstrapStack, type Parameters } from './cloudformation';
import { BOOTSTRAP_STACK, DEPLOYERS, STATE_KEY_ALIAS, templateText } from './template';

export interface BootstrapOptions {
  readonly account: string;
  readonly region: string;
  /** The Pulumi stack in the printed commands. */
  readonly stack: string;
  readonly yes: boolean;
  /** ARNs of the principals that may assume the first and the second role. If undefined, the account's own IAM policies decide. */
  readonly first: string | undefined;
  readonly second: string | undefined;
  readonly github: string | undefined;
  readonly gitHubProviderExists: boolean;
}

const TEMPLATE = join('dist', 'deploy', 'bootstrap.json');
const EVERY_MS = 3000;
const LIMIT_MS = 15 * 60_000;
const DONE = /^(CREATE|UPDATE)_COMPLETE$/;
const ENDED = /_(COMPLETE|FAILED)$/;
const OF_CLOUDFORMATION =
  /^(ValidationError|AlreadyExistsException|InsufficientCapabilitiesException|InvalidChangeSetStatus|LimitExceededException|TokenAlreadyExistsException)$/;
const short = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 500);

/** States in which CloudFormation accepts no change, each with the action that ends it. */
const STUCK: readonly (readonly [status: RegExp, problem: string, action: string])[] = [
  [
    /^(ROLLBACK_(COMPLETE|FAILED)|CREATE_FAILED)$/,
    'the first try failed, and left an empty stack: delete it first',
    'delete-stack',
  ],
  [/^DELETE_FAILED$/, 'the stack was deleted, but not completely: delete what is left', 'delete-stack'],
  [
    /^UPDATE_ROLLBACK_FAILED$/,
    'an update failed, and so did its rollback: remove the cause, which the stack’s events name, then continue the rollback',
    'continue-update-rollback',
  ],
];

/** @returns the exit code: 0 if everything exists, 1 if it failed, 130 if it was interrupted */
export async function runBootstrap(options: BootstrapOptions, ports: Ports): Promise<number> {
  try {
    return await bootstrap(options, ports);
  } catch (error) {
    if (ports.interruption.signal.aborted) return interrupted(options, ports);
    if (error instanceof BootstrapFailure) return failed(options, ports, error.message, error.todo);
    // Only CloudFormation's own message tells what is wrong with the template, its parameters or the stack.
    if (OF_CLOUDFORMATION.test(awsCode(error)))
      return failed(options, ports, `CloudFormation refuses (${awsCode(error)}): ${short(messageOf(error))}`, []);
    const { found, todo, command } = explainAws(error, 'cloudformation:*');
    return failed(
      options,
      ports,
      found,
      [todo ?? '', command ?? ''].filter((line) => line !== ''),
    );
  }
}

class BootstrapFailure extends Error {
  override readonly name = 'BootstrapFailure';

  constructor(
    message: string,
    readonly todo: readonly string[],
  ) {
    super(message);
  }
}

async function bootstrap(options: BootstrapOptions, ports: Ports): Promise<number> {
  const { account, region, looking } = { ...options, looking: ports.looking };
  const { accountId, arn } = await callerIdentity(awsClients(region, looking), ports.interruption.signal);
  if (accountId !== account)
    throw new BootstrapFailure(`these credentials are of account ${accountId}, and --account is ${account}`, [
      'Sign in to that account, or set AWS_PROFILE.',
    ]);
  const root = `arn:${arn.split(':')[1] ?? 'aws'}:iam::${account}:root`;
  const parameters: Parameters = {
    FirstDeployer: options.first ?? root,
    SecondDeployer: options.second ?? root,
    GitHubRepository: options.github ?? '',
    GitHubProviderExists: String(options.gitHubProviderExists),
  };
  const template = templateText();
  await write(join(looking.root, TEMPLATE), template);
  ports.err(`Account ${account}, ${region}, as ${arn}\nThe template: ${TEMPLATE}\n`);
  if (options.first === undefined || options.second === undefined)
    ports.err(
      `Without --first or --second, everyone with sts:AssumeRole in the account’s IAM policies may assume that role. One person could then assume both roles.\n`,
    );
  const stack = new BootstrapStack(client(region, ports), BOOTSTRAP_STACK);
  let existing = await stack.find();
  if (existing !== undefined && !ENDED.test(existing.StackStatus ?? '')) {
    ports.err(`An update is running (${String(existing.StackStatus)}); waiting for its end.\n`);
    await follow(options, ports, stack, new Set());
    existing = await stack.find();
  }
  const status = existing?.StackStatus ?? '';
  const [, problem, action] = STUCK.find(([stuck]) => stuck.test(status)) ?? [];
  if (problem !== undefined)
    throw new BootstrapFailure(problem, [
      awsCommand(region, `cloudformation ${String(action)}`, '--stack-name', BOOTSTRAP_STACK),
    ]);
  if (existing !== undefined && (await stack.isOf(existing, template, parameters))) {
    ports.err('Everything exists already; nothing to change.\n');
  } else {
    const code = await change(options, ports, stack, existing === undefined, template, parameters);
    if (code !== 0) return code;
  }
  await stack.protect().catch(() => {
    ports.err(
      `WARNING: the stack is not protected from deletion; protect it by hand:\n  ${awsCommand(region, 'cloudformation update-termination-protection', '--stack-name', BOOTSTRAP_STACK, '--enable-termination-protection')}\n`,
    );
  });
  const now = await stack.find();
  ports.out(nextLines(options, new Map(now?.Outputs?.map(({ OutputKey: key, OutputValue: value }) => [key, value]))));
  return 0;
}

async function change(
  options: BootstrapOptions,
  ports: Ports,
  stack: BootstrapStack,
  isNew: boolean,
  template: string,
  parameters: Parameters,
): Promise<number> {
  const startedMs = ports.looking.nowMs();
  const name = await stack.propose(template, parameters, isNew, startedMs);
  const proposal = await until(ports, () => stack.proposed(name), 'AWS did not compute the changes in time');
  if ('refused' in proposal) throw new BootstrapFailure(`AWS refuses the template: ${short(proposal.refused)}`, []);
  if (proposal.changes.length === 0) {
    await stack.discard(name);
    ports.err('Nothing to change.\n');
    return 0;
  }
  for (const { action, id, type } of proposal.changes) ports.err(`  ${action.padEnd(8)} ${type.padEnd(28)} ${id}\n`);
  if (!options.yes && (await ports.ask?.(`\nMake these changes in account ${options.account}?`)) !== true) {
    await stack.discard(name);
    if (ports.interruption.signal.aborted) return interrupted(options, ports);
    return failed(options, ports, 'not agreed to; nothing was changed', []);
  }
  const told = new Set<string>();
  await stack.events(told);
  await stack.execute(name);
  await follow(options, ports, stack, told);
  return 0;
}

/** Shows events until the stack's operation has ended. */
async function follow(
  options: BootstrapOptions,
  ports: Ports,
  stack: BootstrapStack,
  told: Set<string>,
): Promise<void> {
  // Until this update begins, AWS reports the status of the previous one.
  let begun = false;
  const last = await until(
    ports,
    async () => {
      const events = await stack.events(told);
      begun ||= events.length > 0;
      for (const event of events) ports.err(`  ${event}\n`);
      // If the stack is deleted meanwhile, AWS soon no longer finds it.
      const status = (await stack.find())?.StackStatus ?? 'DELETE_COMPLETE';
      return begun && ENDED.test(status) && !/CLEANUP_IN_PROGRESS$/.test(status) ? status : undefined;
    },
    'CloudFormation did not end in time; it continues',
  );
  if (!DONE.test(last))
    throw new BootstrapFailure(ends(last), [
      ...(last.startsWith('ROLLBACK')
        ? [awsCommand(options.region, 'cloudformation delete-stack', '--stack-name', BOOTSTRAP_STACK)]
        : []),
    ]);
}

function ends(status: string): string {
  if (status === 'DELETE_COMPLETE') return 'the stack was deleted meanwhile; its bucket and its key are kept';
  return `CloudFormation ended as ${status}; the first failure above says why${status === 'UPDATE_ROLLBACK_COMPLETE' ? ', and nothing has changed' : ''}`;
}

async function until<T>(ports: Ports, look: () => Promise<T | undefined>, late: string): Promise<T> {
  const startedMs = ports.looking.nowMs();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (ports.looking.nowMs() - startedMs > LIMIT_MS) throw new BootstrapFailure(late, []);
    await ports.sleep(EVERY_MS);
    ports.interruption.signal.throwIfAborted();
  }
}

function client(region: string, { looking }: Ports): CloudFormationClient {
  const { endpoint, credentials } = looking.aws;
  return new CloudFormationClient({
    region,
    maxAttempts: 3,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  });
}

const againCommand = ({ account, stack }: BootstrapOptions): string =>
  `npm run deploy -- bootstrap --account ${account} --stack ${stack}`;

function failed(options: BootstrapOptions, { err }: Ports, reason: string, todo: readonly string[]): number {
  err(`\nFAILED: bootstrap: ${reason}\n${todo.map((line) => `  ${line}\n`).join('')}`);
  err(`\nTo continue, with the same options:\n  ${againCommand(options)}\n`);
  return 1;
}

function interrupted(options: BootstrapOptions, { err }: Ports): number {
  err(
    `\nINTERRUPTED\n  CloudFormation finishes what it has begun.\n\nTo continue, with the same options:\n  ${againCommand(options)}\n`,
  );
  return 130;
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

function nextLines(
  { stack, region }: BootstrapOptions,
  outputs: ReadonlyMap<string | undefined, string | undefined>,
): string {
  const of = (key: string): string => outputs.get(key) ?? `<${key}>`;
  const [first, second] = [of('FirstRole'), of('SecondRole')];
  const preview = outputs.get('PreviewRole');
  return `
State bucket    ${of('StateBucket')}
Deployers       ${first}
                ${second}
${preview === undefined ? '' : `Pull requests   ${preview}\n`}
Next, with the first of these roles (${DEPLOYERS[0]}):

  pulumi login 's3://${of('StateBucket')}?region=${region}'
  pulumi stack init ${stack} --secrets-provider 'awskms://${STATE_KEY_ALIAS}?region=${region}'

In Pulumi.${stack}.yaml:

  communique-tee:keyAdministrators:
    ['${first}', '${second}']

Then: npm run deploy -- --stack ${stack}
`;
}
