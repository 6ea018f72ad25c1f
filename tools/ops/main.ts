import type { Command } from 'commander';
import { CommandLine } from '@communique-tee/command-line';

type Describe = (command: Command, line: CommandLine) => void;

const stack = () => import('./stack-commands');
const operator = () => import('./operator/commands');

/** A command is loaded only when it is called, because the packages of AWS and Pulumi take seconds to load. */
const COMMANDS: readonly (readonly [group: string, name: string, summary: string, load: () => Promise<Describe>])[] = [
  [
    'Before a stack is made:',
    'preflight',
    'check everything that can be checked before pulumi up, and before opening to the public',
    async () => (await import('./preflight/command')).preflight,
  ],
  ['Before a stack is made:', 'preview', 'show what pulumi up would create', async () => (await stack()).preview],
  [
    'Before a stack is made:',
    'check',
    'check what pulumi up would create against the rules',
    async () => (await stack()).check,
  ],
  ['Before a stack is made:', 'cost', 'report what a stack costs a month', async () => (await stack()).cost],
  [
    'Before a stack is made:',
    'release',
    'build what the parent instance runs',
    async () => (await import('./release/command')).release,
  ],
  [
    'Before a stack is made:',
    'policy',
    'print what clients need to know to accept this operator’s enclaves',
    async () => (await stack()).policy,
  ],
  [
    'Before a stack is made:',
    'secrets',
    'encrypt what only an attested enclave may read',
    async () => (await import('./secrets/command')).secrets,
  ],
  [
    'Before a stack is made:',
    'first-hour',
    'prove on a real account what no test can, remove it, and write a report',
    async () => (await import('./first-hour/command')).firstHour,
  ],
  [
    'After Pulumi’s state was lost:',
    'import-file',
    'fill the ids into a file for pulumi import',
    async () => (await stack()).importFile,
  ],
  [
    'While it runs, with its database:',
    'status',
    'show the emergency stop, models that are off, and the current budget windows',
    async () => (await operator()).status,
  ],
  [
    'While it runs, with its database:',
    'clear-stop',
    'clear the emergency stop, so that spending can continue',
    async () => (await operator()).clearStop,
  ],
  [
    'While it runs, with its database:',
    'clear-model',
    'let agents use a model or a provider again',
    async () => (await operator()).clearModel,
  ],
  [
    'While it runs, with its database:',
    'keys',
    'the sealed keys of the enclaves: list them, revoke one',
    async () => (await operator()).keys,
  ],
  [
    'While it runs, as an administrator:',
    'templates',
    'the public texts that people start a message from: list, add, change, publish, archive',
    async () => (await import('./operator/templates')).templates,
  ],
  [
    'For proofs of residence:',
    'registrar',
    'the register of who lives where, its signed tree and campaigns',
    async () => (await import('./registrar/command')).registrar,
  ],
];

const argv = process.argv.slice(2);
const line = new CommandLine('npm run ops --', 'Operates communique-tee.');
for (const [group, name, summary, load] of COMMANDS) {
  const command = line.program.command(name).helpGroup(group).helpCommand(false).summary(summary);
  if (argv.includes(name)) (await load())(command, line);
}
line.program.addHelpText(
  'after',
  '\nOn the parent instance, the program communique-operator has the commands status, clear-stop, clear-model and keys.\n',
);
process.exitCode = await line.parse(argv);
