import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Availability } from '@communique-tee/testing/harness';
import puppeteer, { type Browser } from 'puppeteer-core';

/** Returns `FIREFOX_PATH`, else the Firefox in PATH, else the one where Debian installs it. */
function findFirefox(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = env['FIREFOX_PATH'];
  if (given !== undefined && given !== '') return given;
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), '/usr/bin'];
  return folders
    .flatMap((folder) => ['firefox-esr', 'firefox'].map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}

/** Whether there is a Firefox, for describeWith. */
export function firefoxAvailability(): Availability {
  return findFirefox() === undefined
    ? { available: false, reason: 'there is no Firefox here (apt-get install firefox-esr, or set FIREFOX_PATH)' }
    : { available: true };
}

/** Starts a headless Firefox with a new profile, driven by WebDriver BiDi. */
export async function openFirefox(): Promise<Browser> {
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error('there is no Firefox here');
  return puppeteer.launch({ browser: 'firefox', executablePath, headless: true });
}
