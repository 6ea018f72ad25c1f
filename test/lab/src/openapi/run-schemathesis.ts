import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { fetchEnclaveKey, prepareMessage } from '@communique-tee/client';
import { congressMessage } from '@communique-tee/enclave/testing/enclave-fixture';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { startRedis, redisAvailability } from '@communique-tee/testing/redis';
import { HIGH_RATE_LIMITS, startSystem, type System } from '@communique-tee/test-system';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { drawableDocument } from './drawable-document';

export interface SchemathesisOptions {
  /** The Python interpreter that has schemathesis. */
  readonly python: string;
  readonly seed: number;
  /** How many examples the tool tries for each operation. */
  readonly examples: number;
  readonly say: (line: string) => void;
}

export interface SchemathesisResult {
  readonly exitCode: number;
  /** The number of answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What schemathesis printed. */
  readonly output: string;
}

const SEALED_MESSAGES = 40;
const TIMEOUT_MS = 300_000;
const NO_LIMITS = {
  ...HIGH_RATE_LIMITS,
  MESSAGES_PER_USER_DAY: '0',
};

/**
 * Starts a system, and runs schemathesis against its gateway as two users and an administrator. The tool gets the gateway's OpenAPI
 * document in the form of drawable-document.ts.
 */
export async function runSchemathesis({
  python,
  seed,
  examples,
  say,
}: SchemathesisOptions): Promise<SchemathesisResult> {
  const folder = await temporaryFolder('openapi-');
  const redis = redisAvailability().available ? await startRedis({ own: true }) : null;
  let system: System | null = null;
  try {
    system = await startSystem({
      folder: folder.path,
      legacySuite: true,
      agents: {},
      gatewayEnvironment: NO_LIMITS,
      ...(redis && { redisUrl: redis.url }),
      step: (title, work) => {
        say(title);
        return work();
      },
    });
    const sealed = folder.file('sealed.json');
    await writeFile(sealed, JSON.stringify(await sealedMessages(system)));
    const [users, configuration, report, document] = [
      'users.json',
      'schemathesis.toml',
      'report.ndjson',
      'openapi.json',
    ].map((name) => folder.file(name)) as [string, string, string, string];
    const served: unknown = await (await fetch(`${system.gatewayUrl}/docs-json`)).json();
    await writeFile(document, JSON.stringify(drawableDocument(served, Date.now())));
    await writeFile(users, JSON.stringify({ auth: await authEntries(system) }), { mode: 0o600 });
    await writeFile(configuration, configurationText(users));
    const args = [
      ...['--config-file', configuration, 'run', document, '--url', system.gatewayUrl],
      ...['--checks', 'all', '--phases', 'coverage,fuzzing', '--max-examples', String(examples)],
      ...[
        '--seed',
        String(seed),
        '--continue-on-failure',
        '--no-color',
        '--report',
        'ndjson',
        '--report-ndjson-path',
        report,
      ],
    ];
    say(`schemathesis, seed ${String(seed)}`);
    const { exitCode, output } = await runTool(python, ['-m', 'schemathesis.cli', ...args], sealed, folder.path);
    return { exitCode, output, statuses: statusesOf(await readFile(report, 'utf8').catch(() => '')) };
  } finally {
    await system?.stop();
    await redis?.stop();
    await folder.remove();
  }
}

/** Returns sealed messages in hex; the gateway accepts each once. */
async function sealedMessages({ gatewayUrl, accepted, developmentRootPem }: System): Promise<string[]> {
  const key = await fetchEnclaveKey(gatewayUrl, {
    acceptedMeasurements: accepted,
    trustAnchor: unsafeTrustAnchorFromPem(developmentRootPem),
  });
  return Array.from({ length: SEALED_MESSAGES }, () =>
    Buffer.from(prepareMessage(congressMessage(), key).sealed).toString('hex'),
  );
}

async function authEntries({ issuer }: System) {
  const entry = async (name: string, scope?: string) => ({
    name,
    fixedHeaders: [{ name: 'Authorization', value: `Bearer ${await issuer.token(name, 3600, scope)}` }],
  });
  // The tool calls each operation as the first of these users who may call it. For access control, it compares only alice with bob.
  return [await entry('alice'), await entry('bob'), await entry('admin', 'communique:admin')];
}

function configurationText(users: string): string {
  const hooks = join(workspaceRoot(), 'test/lab/src/openapi/hooks.py');
  return [
    `hooks = ${JSON.stringify(hooks)}`,
    '[auth.wfc]',
    `path = ${JSON.stringify(users)}`,
    'peers = ["alice", "bob"]',
    // The tool's own list lacks 414 (RFC 9110 section 15.5.15)
    '[checks.negative_data_rejection]',
    'expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 429]',
    '',
  ].join('\n');
}

function runTool(
  python: string,
  args: readonly string[],
  sealed: string,
  cwd: string,
): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(python, args, {
      cwd,
      env: {
        PATH: process.env['PATH'],
        HOME: cwd,
        COMMUNIQUE_SEALED_MESSAGES: sealed,
        PYTHONIOENCODING: 'utf-8',
        PYTHONDONTWRITEBYTECODE: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 1, output }));
  });
}

const responseSchema = z.object({ status_code: z.number() });

/** Counts the responses in the tool's report by status, at any depth. */
function statusesOf(report: string): Record<string, number> {
  const statuses: Record<string, number> = {};
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const response = responseSchema.safeParse(value);
    if (response.success) {
      const name = String(response.data.status_code);
      statuses[name] = (statuses[name] ?? 0) + 1;
    }
    for (const each of Object.values(value)) visit(each);
  };
  for (const line of report.split('\n')) if (line !== '') visit(JSON.parse(line));
  return statuses;
}
