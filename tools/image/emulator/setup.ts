// npm run emulator:setup [-- --update-lock]
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { parseLock } from '../debian-archive/lock';
import { say, seconds } from '../debian-archive/say';
import { SetupError } from '../debian-archive/setup-error';
import { ensureEmulator } from './ensure';
import { EMULATOR_LOCK, resolveEmulator } from './lock-inputs';

const root = resolve('.');
const startedAtMs = performance.now();
try {
  if (process.argv.includes('--update-lock')) {
    const lock = resolveEmulator(new Date().toISOString().slice(0, 10));
    const text = `${JSON.stringify(lock, undefined, 1)}\n`;
    parseLock(text, EMULATOR_LOCK);
    writeFileSync(join(root, EMULATOR_LOCK), text);
    say(`${EMULATOR_LOCK} is of today`);
  } else {
    parseLock(readFileSync(join(root, EMULATOR_LOCK), 'utf8'), EMULATOR_LOCK);
    const { folder } = await ensureEmulator(root);
    say(`the emulator is ready (${seconds(startedAtMs)})`);
    process.stdout.write(`${folder}\n`);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
