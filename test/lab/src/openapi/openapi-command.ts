import { CommandLine, UsageError } from '@communique-tee/command-line';
import { installJudge, JUDGES } from '@communique-tee/testing/judges';
import { runSchemathesis } from './run-schemathesis';
import { DOCUMENT, writeDocument } from './write-document';

interface Given {
  readonly write?: true;
  readonly seed: string;
  readonly examples: string;
}

const AFTER = `
Starts PostgreSQL, the Congress simulator, an enclave and a gateway, and drives the gateway as two users and an administrator. Some
requests have to be accepted (202).

Exit code
  0    nothing was found; or schemathesis ${JUDGES.schemathesis.version} did not run, and a line that begins with NOT RUN says why
  1    something was found
  2    not understood: the options
  130  interrupted
`;

export function openApiCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- openapi',
    `Lets schemathesis ${JUDGES.schemathesis.version} (PyPI; installed into the user's cache on first use) drive the gateway from its own OpenAPI.`,
  );
  line.program
    .option('--write', `write ${DOCUMENT} from the gateway's routes, and do nothing else`)
    .option('--seed <n>', 'of the requests', '1')
    .option('--examples <n>', 'requests for each operation, beside those of the coverage phase', '10')
    .addHelpText('after', AFTER)
    .action(line.run(run));
  return line;
}

async function run(given: Given): Promise<number> {
  if (given.write === true) {
    say(`${DOCUMENT}: ${String(await writeDocument())} bytes`);
    return 0;
  }
  const [seed, examples] = [whole('seed', given.seed), whole('examples', given.examples)];
  const installed = await installJudge(JUDGES.schemathesis, say);
  if ('absent' in installed) {
    say(`NOT RUN: the gateway was not driven from its OpenAPI: ${installed.absent}`);
    return 0;
  }
  const { exitCode, statuses, output } = await runSchemathesis({ python: installed.python, seed, examples, say });
  process.stdout.write(output);
  say(`answers by status: ${JSON.stringify(statuses)}`);
  if ((statuses['202'] ?? 0) === 0)
    say('FOUND: no request was accepted (202), so the document does not tell how to send a message');
  return exitCode === 0 && (statuses['202'] ?? 0) > 0 ? 0 : 1;
}

function whole(name: string, text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new UsageError(`--${name} must be a whole number`);
  return Number(text);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
