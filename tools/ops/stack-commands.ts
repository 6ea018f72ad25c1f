import {
  configKeys,
  ruleNames,
  runCheck,
  runCost,
  runImportFile,
  runPolicy,
  runPreview,
} from '@communique-tee/infra-commands';
import type { Command } from 'commander';
import { terminal, type CommandLine, type Streams } from '@communique-tee/command-line';
import { stackOptions } from './stack-options';

/** The commands preview, check, cost, policy and import-file, which are implemented in infra. */

interface Options {
  readonly stack: string;
  readonly config?: string[];
  readonly json?: boolean;
  readonly withoutImage?: boolean;
  readonly savingsRate?: string;
  readonly account?: string;
  readonly in?: string;
  readonly out?: string;
  readonly names?: string;
}

const WITHOUT_IMAGE = 'use made-up measurements, because no image is built yet; the output says so';
const EXIT_CODES = `
Exit code
  0  no problem was found
  1  a problem was found; the output says which
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function preview(command: Command, line: CommandLine, streams: Streams = terminal): void {
  stackOptions(command)
    .description("Shows what pulumi up would create, without Pulumi's CLI, without AWS and without changing anything.")
    .option('--without-image', WITHOUT_IMAGE)
    .option('--json', 'print one JSON object')
    .addHelpText('after', `${EXIT_CODES}\nKeys of Pulumi.<stack>.yaml\n${configKeys()}\n`)
    .action(line.run((options: Options) => runPreview(lookOf(options), streams)));
}

export function check(command: Command, line: CommandLine, streams: Streams = terminal): void {
  stackOptions(command)
    .description(
      "Checks what pulumi up would create against the rules of infra/src/rules, without Pulumi's CLI, without AWS and without changing anything. With the CLI the same rules are a policy pack: pulumi preview --policy-pack infra/policy-pack",
    )
    .option('--without-image', WITHOUT_IMAGE)
    .option('--json', 'print one JSON object')
    .addHelpText('after', `${EXIT_CODES}\nRules\n${ruleNames()}\n`)
    .action(line.run((options: Options) => runCheck(lookOf(options), streams)));
}

export function cost(command: Command, line: CommandLine, streams: Streams = terminal): void {
  stackOptions(command)
    .description('Reports what a stack costs a month, by item, before anything is created.')
    .option('--savings-rate <dollars>', 'dollars an hour of a savings plan, to see what it would save')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXIT_CODES)
    .action(
      line.run((options: Options) =>
        runCost(
          {
            stack: options.stack,
            config: options.config ?? [],
            json: options.json === true,
            savingsRate: options.savingsRate,
          },
          streams,
        ),
      ),
    );
}

export function policy(command: Command, line: CommandLine, streams: Streams = terminal): void {
  stackOptions(command)
    .description(
      'Prints the policy file to publish: the PCR0 of each accepted image, the PCR3 of the parent role, and the operator’s name and origin. It needs neither AWS nor a deployment, but the image must have been built here.',
    )
    .requiredOption('--account <digits>', 'the AWS account that the stack is or will be in')
    .addHelpText(
      'after',
      `${EXIT_CODES}
Example
  npm run -s ops -- policy --stack prod --account 111122223333 > policy.json

The role's name is fixed, so anyone can find the account from PCR3 by trying all 10^12 account ids.
`,
    )
    .action(
      line.run(({ stack, config = [], account = '' }: Options) => runPolicy({ stack, config, account }, streams)),
    );
}

export function importFile(command: Command, line: CommandLine, streams: Streams = terminal): void {
  stackOptions(command)
    .description(
      'Fills the ids into a file for pulumi import, after Pulumi’s state was lost. It asks AWS for the ids with the AWS CLI, by the resources’ tags and names. It changes nothing in AWS.',
    )
    .requiredOption('--in <file>', 'what pulumi preview --import-file wrote')
    .requiredOption('--out <file>', 'where the file for pulumi import goes')
    .option('--names <file>', 'a file of URNs, one a line: fill in only these resources')
    .addHelpText(
      'after',
      `
Exit code
  0  written
  1  a person has to decide about some resources, or AWS does not answer
  2  an argument or the file was not understood: the error names it
`,
    )
    .action(
      line.run(({ stack, config = [], in: input = '', out: output = '', names }: Options) =>
        runImportFile({ stack, config, input, output, names }, streams),
      ),
    );
}

function lookOf({ stack, config = [], json = false, withoutImage = false }: Options) {
  return { stack, config, json, withoutImage };
}
