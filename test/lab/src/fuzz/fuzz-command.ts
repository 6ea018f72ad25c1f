import { CommandLine, UsageError } from '@communique-tee/command-line';
import { runFuzz, type FuzzFinding, type FuzzResult } from './run-fuzz';

interface Given {
  readonly seconds: string;
  readonly seed?: string;
  readonly case?: string;
}

const AFTER = `
A case depends only on the seed and its number, so --seed and --case repeat a finding. Keys are fresh in each run: the
bytes differ, the changes do not.

Exit code
  0    the enclave kept running, gave each refusal a code, did not grow too much, and still delivers
  1    something was found
  2    an option was not understood: the error names it, and --help lists the options
  130  interrupted
`;

export function fuzzCommand(): CommandLine {
  const line = new CommandLine(
    'npm run lab -- fuzz',
    'Changes inputs that cross into the enclave at random: bodies, headers, key records, secrets, credentials, nonces, raw bytes, ' +
      'answers of Congress, KMS and NSM, and the configuration file.',
  );
  line.program
    .option('--seconds <n>', 'how many seconds to run', '30')
    .option('--seed <n>', 'seed of the changes; printed, so that you can repeat a run (default: random)')
    .option('--case <n>', 'only this case of the seed')
    .addHelpText('after', AFTER)
    .action(line.run(run));
  return line;
}

async function run(given: Given): Promise<number> {
  const seed =
    given.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : whole('seed', given.seed, 0, 2 ** 32 - 1);
  const seconds = whole('seconds', given.seconds, 1, 86_400);
  const only = given.case === undefined ? undefined : whole('case', given.case, 0, 2 ** 31);
  say(`seed ${String(seed)}`);
  const result = await runFuzz({ seed, seconds, progress: say, ...(only !== undefined && { only }) });
  process.stdout.write(describeFuzz(result, seed));
  return result.findings.length === 0 ? 0 : 1;
}

export function describeFuzz({ cases, findings, answers, grownBytes }: FuzzResult, seed: number): string {
  const total = Object.values(cases).reduce((sum, count) => sum + count, 0);
  const table = (rows: Readonly<Record<string, number>>) =>
    Object.entries(rows)
      .sort(([, one], [, two]) => two - one)
      .map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`);
  return [
    `${String(total)} cases; the enclave holds ${String(grownBytes >> 20)} MiB more than after the first ones`,
    ...table(cases),
    'answers',
    ...table(answers),
    ...findings.flatMap((finding) => describeFinding(finding, seed)),
    `${String(findings.length)} findings`,
    '',
  ].join('\n');
}

function describeFinding({ what, target, case: number, input }: FuzzFinding, seed: number): string[] {
  const bytes = Buffer.from(input.subarray(0, 512)).toString('hex');
  return [
    `FOUND in ${target}: ${what}`,
    ...(number < 0 ? [] : [`  npm run lab -- fuzz --seed ${String(seed)} --case ${String(number)}`]),
    ...(bytes === '' ? [] : [`  ${String(input.length)} bytes: ${bytes}`]),
  ];
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < min || value > max)
    throw new UsageError(`--${name} must be a whole number from ${String(min)} to ${String(max)}`);
  return value;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
