// npm run build:kernel [-- x86_64 | arm64] [--update-lock]: prints the file and its SHA-256
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { parseLock } from '../debian-archive/lock';
import { say, seconds } from '../debian-archive/say';
import { SetupError } from '../debian-archive/setup-error';
import { IMAGE_LOCK, resolveImage } from '../inputs/lock-inputs';
import { ensureKernel } from './kernel';

const root = resolve('.');
const startedAtMs = performance.now();
try {
  if (process.argv.includes('--update-lock')) {
    const text = `${JSON.stringify(resolveImage(new Date().toISOString().slice(0, 10)), undefined, 1)}\n`;
    parseLock(text, IMAGE_LOCK);
    writeFileSync(join(root, IMAGE_LOCK), text);
    say(`${IMAGE_LOCK} is of today`);
  } else {
    const kernel = await ensureKernel(root, process.argv.includes('arm64') ? 'arm64' : 'x86_64');
    say(`kernel ${kernel.version} is ready (${seconds(startedAtMs)})`);
    process.stdout.write(`${kernel.sha256}  ${kernel.image}\n`);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
