import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { ENCLAVE_SECRETS, parseEnvironment } from '@communique-tee/gateway-environment';
import { ConfigurationProblem } from './core/config/configuration-problem';
import { listenProblem } from './core/config/listen-problem';
import { createApp } from './create-app';
import { Logger } from './core/telemetry/logger';
import { readKeySetFile } from './features/auth/key-set-by-file';
import { limitShutdown } from './core/lifecycle/shutdown-limit';

/** sysexits.h EX_CONFIG: a restart would fail in the same way. */
const EXIT_CONFIG = 78;

const USAGE = `usage: node main.js
The gateway takes no arguments. Environment variables configure it (.env.example lists them).

Exit code
  0   ended by SIGTERM or SIGINT
  1   failed: starting again may help
  78  environment or arguments are wrong: starting again does not help
`;

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return;
  }
  if (args.length > 0) {
    process.stderr.write(`The gateway takes no arguments.\n${USAGE}`);
    process.exit(EXIT_CONFIG);
  }
  if (process.env['NODE_ENV'] !== 'production' && existsSync('.env')) process.loadEnvFile('.env');
  const parsed = parseEnvironment(process.env);
  for (const name of ENCLAVE_SECRETS) Reflect.deleteProperty(process.env, name);
  if (!parsed.ok) return refuse(parsed.problems);
  const { config } = parsed;
  if ('file' in config.auth.jwks) await readKeySetFile(config.auth.jwks.file);
  const app = await createApp(config);
  // Node would print the error's message, which may quote a request. The logger writes only allowed fields.
  process.on('uncaughtException', (error) => {
    app.get(Logger).error({ err: error }, 'uncaught exception');
    process.exit(1);
  });
  limitShutdown(app, config.shutdown.timeoutMs);
  app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
  try {
    await app.listen(config.http.port, config.http.host);
  } catch (error) {
    const problem = listenProblem(error, config);
    if (problem === undefined) throw error;
    refuse([problem]);
  }
  const address = app.getHttpServer().address();
  const port = typeof address === 'object' && address !== null ? address.port : config.http.port;
  app.get(Logger).info({ host: config.http.host, port, pid: process.pid, state: config.environment }, 'listening');
}

function refuse(problems: readonly string[]): never {
  process.stderr.write(
    `The gateway cannot start. Its environment has ${String(problems.length)} problem(s):\n${problems.map((line) => `  ${line}\n`).join('')}`,
  );
  process.exit(EXIT_CONFIG);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof ConfigurationProblem) refuse([error.message]);
  process.stderr.write(
    `The gateway cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
});
