import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import type { Check, Status } from '../check';
import { startTimer, type Ports, type ProgramEnd } from '../ports';
import { CommandLine } from '@communique-tee/command-line';
import { CHECKS } from '../checks';
import { preflight as describePreflight } from '../command';

export interface Seen {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface SeenFinding {
  readonly check: string;
  readonly status: Status;
  readonly found: string;
  readonly todo?: string;
  readonly command?: string;
}

export interface Surroundings {
  readonly ports?: Partial<Ports>;
  /** Files of the checkout by path, in addition to Pulumi.prod.yaml and package.json. */
  readonly files?: Readonly<Record<string, string>>;
  readonly colour?: boolean;
  readonly checks?: readonly Check[];
}

export const STACK_FILE = `config:
  aws:region: us-east-1
  communique-tee:production: true
  communique-tee:instanceType: c6g.xlarge
  communique-tee:domain: service.communique.test
  communique-tee:hostedZone: communique.test
  communique-tee:redisAuthToken:
    secure: v1:notreally
`;

const nothingThere = () => Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' }));
export const absent = {
  resolve4: nothingThere,
  resolve6: nothingThere,
  resolveNs: nothingThere,
  resolveCaa: nothingThere,
} as unknown as Ports['resolver'];

/** infra's previews of prod, one for each set of changes (`key=value`). Checks read their plan from them. */
const previews = new Map<string, Promise<string>>();
export function realPreview(...changes: string[]): Promise<string> {
  const known = previews.get(changes.join());
  if (known !== undefined) return known;
  const preview = promisify(execFile)(
    process.execPath,
    [
      ...['tools/run.mjs', 'tools/ops/main.ts', 'preview', '--stack', 'prod', '--without-image', '--json'],
      ...changes.flatMap((change) => ['--config', change]),
    ],
    { cwd: workspaceRoot(), maxBuffer: 1 << 24 },
  ).then(({ stdout }) => stdout);
  previews.set(changes.join(), preview);
  return preview;
}
/** The `--config` values that `programs` passes to infra's preview. It ignores all others. */
const PLANNED = ['redis=external'];

/** Stand-ins for the programs that preflight runs. Only infra's preview is real. */
export async function programs(command: string, args: readonly string[]): Promise<ProgramEnd> {
  const end = (stdout: string): ProgramEnd => ({ code: 0, stdout, stderr: '' });
  if (command === process.execPath) return end(await realPreview(...PLANNED.filter((change) => args.includes(change))));
  if (command === 'node') return end('v24.21.0\n');
  if (command === 'pulumi') return end('v3.210.0\n');
  if (command === 'aws' && args[0] === 'ce')
    return end('{"CostAllocationTags": [{"TagKey": "communique-tee:stack", "Status": "Active"}]}');
  if (command === 'aws') return end('aws-cli/2.31.4 Python/3.13.7 Linux/6.1 exe/x86_64\n');
  if (command === 'git') return end(args[0] === 'rev-parse' ? '0123456789abcdef0123456789abcdef01234567\n' : '');
  return { code: undefined, stdout: '', stderr: '' };
}

/** Runs preflight in a temporary checkout, isolated from this machine. */
export async function preflight(
  args: readonly string[],
  { ports = {}, files = {}, colour = false, checks }: Surroundings = {},
): Promise<Seen> {
  await using folder = await temporaryFolder();
  const all = { 'package.json': '{"engines": {"node": ">=24"}}', 'Pulumi.prod.yaml': STACK_FILE, ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  let out = '';
  let err = '';
  const streams = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    colour,
    progress: false,
  };
  const surroundings: Ports = {
    root: folder.path,
    env: {},
    nodeVersion: '24.21.0',
    fetch: () => Promise.reject(new Error('no test asked for the network')),
    resolver: absent,
    lookup: nothingThere,
    runProgram: programs,
    origins: { openai: 'http://127.0.0.1:1', googleAi: 'http://127.0.0.1:1', anthropic: 'http://127.0.0.1:1' },
    aws: {
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secretExampleKey' },
    },
    nowMs: Date.now,
    startTimer,
    ...ports,
  };
  const line = new CommandLine('preflight', '', streams);
  describePreflight(line.program, line, {
    ports: () => surroundings,
    streams,
    checks: checks ?? CHECKS,
    end: () => undefined,
  });
  // A long time limit, so that no check reaches it on a busy machine. A --timeout in `args` comes later, and the last one counts.
  const code = await line.parse(['--timeout', '300', ...args]);
  return { code, out, err };
}

/** Runs one check. @returns its findings */
export async function look(
  name: string,
  surroundings: Surroundings = {},
  more: readonly string[] = [],
): Promise<SeenFinding[]> {
  const { out, err } = await preflight(['--stack', 'prod', '--json', '--only', name, ...more], surroundings);
  if (out === '') throw new Error(err);
  return (JSON.parse(out) as { checks: SeenFinding[] }).checks;
}

/** Each finding as `status: found`. */
export const lines = (findings: readonly SeenFinding[]): string[] =>
  findings.map(({ status, found }) => `${status}: ${found}`);
