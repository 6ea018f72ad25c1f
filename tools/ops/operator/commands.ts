import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { terminal, UsageError, type CommandLine, type Streams } from '@communique-tee/command-line';
import { runTask, type Task } from './run-task';

// The operator's commands for the emergency stop, the models that are off, and the sealed keys. They use the gateway's database.

export interface World {
  readonly streams: Streams;
  /** @returns undefined if DATABASE_URL is not set */
  readonly databaseUrl: () => string | undefined;
}

export const thisProcess: World = {
  streams: terminal,
  databaseUrl: () => {
    if (process.env['DATABASE_URL'] === undefined && existsSync('.env')) process.loadEnvFile('.env');
    return process.env['DATABASE_URL'];
  },
};

/** Column sizes of emergency_stop, agent_model_off and sealed_key. */
const MAX_BY = 200;
const MAX_WHY = 500;

const AFTER = `
DATABASE_URL, in the environment or in .env, names the database.

Exit code
  0  done
  1  not done; the output says why
  2  an argument was not understood, or DATABASE_URL is not set: the error says which
`;

interface JsonOption {
  readonly json?: boolean;
}

interface Reason {
  readonly by?: string;
  readonly why?: string;
}

export function status(command: Command, line: CommandLine, world: World = thisProcess): void {
  command
    .description(
      "Shows the emergency stop, the models that agents may not use, and the system's current budget windows.",
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', AFTER)
    .action(line.run(({ json }: JsonOption) => run({ kind: 'status', json: json === true }, world)));
}

export function clearStop(command: Command, line: CommandLine, world: World = thisProcess): void {
  reasonOptions(command)
    .description('Clears the emergency stop, so that spending can continue. Records who cleared it and why.')
    .addHelpText('after', AFTER)
    .action(line.run((reason: Reason) => run({ kind: 'clear-stop', ...whoAndWhy('clear-stop', reason) }, world)));
}

export function clearModel(command: Command, line: CommandLine, world: World = thisProcess): void {
  reasonOptions(command)
    .description(
      'Lets agents use a model again, or a whole provider. Records who cleared it and why. `status` lists what is off and why.',
    )
    .option('--model <name>', 'the exact name of a model that is off')
    .option('--provider <name>', 'a provider that is off with all its models')
    .addHelpText('after', AFTER)
    .action(
      line.run(({ model, provider, ...reason }: Reason & { readonly model?: string; readonly provider?: string }) => {
        const what = model !== undefined ? { model } : { provider: provider ?? '' };
        if ((model === undefined) === (provider === undefined))
          throw new UsageError('clear-model needs either --model <name> or --provider <name>');
        return run({ kind: 'clear-model', what, ...whoAndWhy('clear-model', reason) }, world);
      }),
    );
}

export function keys(command: Command, line: CommandLine, world: World = thisProcess): void {
  command.description('The sealed keys of the enclaves.').helpCommand(false);
  command
    .command('list')
    .summary('list them, the latest first')
    .description('Lists the sealed keys of the enclaves, the latest first, and how many messages wait for each.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', AFTER)
    .action(line.run(({ json }: JsonOption) => run({ kind: 'keys-list', json: json === true }, world)));
  reasonOptions(command.command('revoke'))
    .summary('take a key from every enclave permanently')
    .description(
      'Takes a key from every enclave permanently. Undelivered messages that are sealed to it end as key_retired, and their senders have to seal them again.',
    )
    .argument('<key id>', '32 hexadecimal digits, as keys list shows them')
    .addHelpText('after', AFTER)
    .action(
      line.run((keyId: string, reason: Reason) => {
        if (!/^[0-9a-fA-F]{32}$/.test(keyId))
          throw new UsageError('keys revoke takes a key id: 32 hexadecimal digits, as keys list shows them');
        return run({ kind: 'keys-revoke', keyId: keyId.toLowerCase(), ...whoAndWhy('keys revoke', reason) }, world);
      }),
    );
}

function run(task: Task, { streams, databaseUrl }: World): Promise<number> {
  return runTask(task, databaseUrl(), streams);
}

function reasonOptions(command: Command): Command {
  return command
    .option('--by <name>', `who does it, at most ${String(MAX_BY)} characters; recorded`)
    .option('--why <text>', `why, at most ${String(MAX_WHY)} characters; recorded`);
}

function whoAndWhy(command: string, reason: Reason): { readonly by: string; readonly why: string } {
  const by = reason.by?.trim() ?? '';
  const why = reason.why?.trim() ?? '';
  if (by === '' || by.length > MAX_BY)
    throw new UsageError(`${command} needs --by <name>, at most ${String(MAX_BY)} characters`);
  if (why === '' || why.length > MAX_WHY)
    throw new UsageError(`${command} needs --why <text>, at most ${String(MAX_WHY)} characters`);
  return { by, why };
}
