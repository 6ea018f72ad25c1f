// node tools/dev/prisma/cli.mjs <arguments of prisma>: runs the real Prisma CLI. Prisma's install script would download a native schema
// engine. If that engine is missing, the CLI uses schema-engine.mjs instead.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '..', '..', '..');
const require = createRequire(import.meta.url);

/** Whether the native engine is where the CLI looks for it. */
export function hasNativeEngine(folder = dirname(require.resolve('@prisma/engines/package.json'))) {
  return readdirSync(folder).some(
    (name) => name.startsWith('schema-engine-') && !name.endsWith('.gz') && !name.endsWith('.sha256'),
  );
}

export function prismaEnvironment(env = process.env) {
  return {
    // No check for updates and no telemetry: a command about our database must contact only our database.
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    ...env,
    PATH: `${dirname(process.execPath)}:${env.PATH ?? ''}`,
    ...(env.PRISMA_SCHEMA_ENGINE_BINARY || hasNativeEngine()
      ? {}
      : { PRISMA_SCHEMA_ENGINE_BINARY: join(here, 'schema-engine.mjs') }),
  };
}

/** @returns {Promise<number>} the exit code */
export function runPrisma(args, options = {}) {
  const cli = join(dirname(require.resolve('prisma/package.json')), 'build', 'index.js');
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: root,
    stdio: 'inherit',
    ...options,
    env: prismaEnvironment(options.env),
  });
  const forward = (signal) => void child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      done(signal === null ? (code ?? 1) : 1);
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await runPrisma(process.argv.slice(2));
