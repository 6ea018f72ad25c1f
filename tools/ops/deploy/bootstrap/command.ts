import { UsageError, type CommandLine } from '@communique-tee/command-line';
import type { Command } from 'commander';
import { readStackFile } from '../../preflight/plan/stack-file';
import type { Ports } from '../ports';
import { runBootstrap } from './run-bootstrap';
import { templateText } from './template';

interface Options {
  readonly account?: string;
  readonly stack: string;
  readonly region?: string;
  readonly first?: string;
  readonly second?: string;
  readonly github?: string;
  readonly githubProviderExists?: boolean;
  readonly yes?: boolean;
  readonly print?: boolean;
}

const AFTER = `
Run it as an administrator of the account: once for each region, and again after an update of this repository. It makes
  - the bucket of Pulumi's state: versioned, encrypted, only TLS, nothing public; kept when the CloudFormation stack is deleted
  - the KMS key of Pulumi's secrets provider; kept too
  - the deployer's policies: the services that the program uses, limited to names that begin with communique-tee-
    where AWS can limit by name
  - two roles with these policies, for keyAdministrators: two people who can replace each other
  - with --github, a role for pull requests of one repository: they can preview, and change nothing

A deployer makes roles and gives them to instances, and so can reach everything in the account. Use an account that holds
nothing else.

Exit code
  0    everything is there
  1    something is missing or failed; the error says why
  2    an argument was not understood: the error names it, and --help lists the arguments
  130  interrupted

Examples
  npm run deploy -- bootstrap --account 111122223333 --stack prod \\
    --first arn:aws:iam::111122223333:user/ada --second arn:aws:iam::111122223333:user/grace
  npm run deploy -- bootstrap --print
`;

export function bootstrap(command: Command, line: CommandLine, ports: () => Ports): void {
  command
    .summary('make what an account needs before its first deployment')
    .description(
      'Makes Pulumi’s state bucket and secrets key, the deployer’s policies and two administrator roles, by one CloudFormation stack. Safe to run again.',
    )
    .option('--account <digits>', 'the AWS account; the command refuses credentials of another one')
    .option('--stack <stack>', 'gives the region, and the name in the printed commands', 'prod')
    .option('--region <region>', 'the region, if it is not that of Pulumi.<stack>.yaml')
    .option(
      '--first <arn>',
      'who may assume the first role: a user or a role (default: everyone whom the account’s IAM policies allow)',
    )
    .option('--second <arn>', 'who may assume the second role')
    .option('--github <owner/repository>', 'the repository whose pull requests may preview')
    .option('--github-provider-exists', 'the account already has GitHub as an OIDC provider')
    .option('-y, --yes', 'ask nothing')
    .option('--print', 'print the template, and do nothing')
    .addHelpText('after', AFTER)
    .action(line.run((options: Options) => run(options, ports())));
}

const ARN = /^arn:aws[a-z-]*:iam::\d{12}:(root|(user|role)\/[\w+=,.@/-]{1,512})$/;

async function run(options: Options, ports: Ports): Promise<number> {
  const { account, stack, first, second, github } = options;
  if (options.print === true) {
    ports.out(templateText());
    return 0;
  }
  if (account === undefined || !/^\d{12}$/.test(account))
    throw new UsageError('--account: the 12 digits of the AWS account');
  for (const [name, value] of [['--first', first] as const, ['--second', second] as const])
    if (value !== undefined && !ARN.test(value)) throw new UsageError(`${name} takes the ARN of an IAM user or role`);
  if (first !== undefined && first === second)
    throw new UsageError('--first and --second are the same: two people have to be able to change the keys’ policies');
  if (github !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(github))
    throw new UsageError('--github takes owner/repository');
  const region = options.region ?? regionOf(ports, stack);
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) throw new UsageError('--region: for example us-east-1');
  if (options.yes !== true && ports.ask === undefined)
    throw new UsageError('there is no terminal to ask at: add --yes');
  return runBootstrap(
    {
      ...{ account, region, stack, first, second, github },
      yes: options.yes === true,
      gitHubProviderExists: options.githubProviderExists === true,
    },
    ports,
  );
}

function regionOf({ looking }: Ports, stack: string): string {
  try {
    return readStackFile(looking.root, stack, [], () => undefined).region ?? '';
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
