import { existsSync } from 'node:fs';
import { parseCommand } from './arguments';
import { runCommand } from './run-command';

if (process.env['DATABASE_URL'] === undefined && existsSync('.env')) process.loadEnvFile('.env');
process.exitCode = await runCommand(parseCommand(process.argv.slice(2)), process.env['DATABASE_URL'], {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
