import { CommandLine, UsageError } from '@communique-tee/command-line';
import { installJudge, JUDGES } from '@communique-tee/testing/judges';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { join } from 'node:path';
import { lintDocument, type LINTERS } from './lint-document';
import { runSchemathesis } from './run-schemathesis';
import { DOCUMENT, writeDocument } from './write-document';

interface Given {
  readonly write?: true;
  readonly seed: string;
  readonly examples: string;
}

const AFTER = `
Redocly ${JUDGES.redocly.version} and Spectral ${JUDGES.spectral.version} (npm) lint ${DOCUMENT}: they must find nothing. Then the command
starts PostgreSQL, the Congress simulator, an enclave and a gateway. Schemathesis ${JUDGES.schemathesis.version} (PyPI) reads the gateway's
own document and sends requests as two users and an administrator. The gateway has to accept some of them (202).

Each judge is installed into the user's cache on first use.

Exit code
  0    nothing was found; if a judge could not be installed, a line that begins with NOT RUN says why
  1    something was found
  2    an option was not understood: the error names it, and --help lists the options
  130  interrupted
`;

export function openApiCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- openapi',
    'Lets outside judges lint the OpenAPI document and test the gateway against it.',
  );
  line.program
    .option('--write', `write ${DOCUMENT} from the gateway's routes, and do nothing else`)
    .option('--seed <n>', 'seed of the requests', '1')
    .option('--examples <n>', 'requests for each operation, beside those of the coverage phase', '10')
    .addHelpText('after', AFTER)
    .action(line.run(run));
  return line;
}

async function run(given: Given): Promise<number> {
  if (given.write === true) {
    say(`${DOCUMENT}: ${String(await writeDocument(join(workspaceRoot(), DOCUMENT)))} bytes`);
    return 0;
  }
  const [seed, examples] = [whole('seed', given.seed), whole('examples', given.examples)];
  const findings = [await lint('redocly'), await lint('spectral'), await drive(seed, examples)];
  return findings.every((clean) => clean) ? 0 : 1;
}

/** Lints the document, and prints the result. @returns true if the linter found nothing or could not run */
async function lint(name: keyof typeof LINTERS): Promise<boolean> {
  const installed = await installJudge(JUDGES[name], say);
  if ('absent' in installed) {
    say(`NOT RUN: ${DOCUMENT} was not linted by ${name}: ${installed.absent}`);
    return true;
  }
  const { clean, output } = await lintDocument(name, installed, join(workspaceRoot(), DOCUMENT));
  if (clean) say(`${name} ${JUDGES[name].version} finds nothing in ${DOCUMENT}`);
  else process.stdout.write(output);
  return clean;
}

/** Lets schemathesis call a gateway, and prints the result. @returns true if it found nothing or could not run */
async function drive(seed: number, examples: number): Promise<boolean> {
  const installed = await installJudge(JUDGES.schemathesis, say);
  if ('absent' in installed) {
    say(`NOT RUN: the gateway was not tested by its OpenAPI document: ${installed.absent}`);
    return true;
  }
  const { exitCode, statuses, output } = await runSchemathesis({ python: installed.python, seed, examples, say });
  process.stdout.write(output);
  say(`answers by status: ${JSON.stringify(statuses)}`);
  const accepted = statuses['202'] ?? 0;
  if (accepted === 0) say('FOUND: no request was accepted (202), so the document does not tell how to send a message');
  return exitCode === 0 && accepted > 0;
}

function whole(name: string, text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new UsageError(`--${name} must be a whole number`);
  return Number(text);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
