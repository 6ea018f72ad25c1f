// Fetches programs that the tests need and npm does not have: Redis, browsers, and programs that check the parent's files. If a tool cannot
// be fetched, prints which tests will not run. If CI is set, a missing tool stops the whole test run.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { installAsRoot, isDebian, unpackInto } from './debian-packages.mjs';
import { say, seconds, toolsCache } from './workspace.mjs';

/**
 * @typedef {{ name: string, commands: string[], package: string, tests: string, byHand: { linux: string, darwin?: string },
 * variable?: string, unpacked?: string }} Tool variable: an environment variable that names another copy of the tool (a path or a URL).
 * unpacked: the folder for a tool that can be unpacked without root
 */

/** @type {Tool[]} */
const TOOLS = [
  {
    name: 'Redis',
    variable: 'REDIS_URL',
    commands: ['redis-server'],
    package: 'redis-server',
    unpacked: join(toolsCache, 'redis'),
    tests: 'the tests of rate limits and counters in Redis',
    byHand: { darwin: 'brew install redis', linux: 'install redis-server with your package manager' },
  },
  {
    name: 'Chromium',
    variable: 'CHROMIUM_PATH',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    package: 'chromium',
    tests: 'the tests of the browser entries in a real browser',
    byHand: { darwin: 'brew install --cask chromium', linux: 'install chromium with your package manager' },
  },
  {
    name: 'Firefox',
    variable: 'FIREFOX_PATH',
    commands: ['firefox-esr', 'firefox'],
    package: 'firefox-esr',
    tests: 'the test of the page in Firefox',
    byHand: { darwin: 'brew install --cask firefox', linux: 'install firefox-esr with your package manager' },
  },
  // Programs that check the files of the parent instance. cloud-init comes with Python and a YAML library.
  ...[
    ['nginx', 'nginx-light'],
    ['cloud-init', 'cloud-init'],
    ['shellcheck', 'shellcheck'],
    ['systemd-analyze', 'systemd'],
    ['logrotate', 'logrotate'],
    ['jq', 'jq'],
    ['openssl', 'openssl'],
    ['psql', 'postgresql-client'],
  ].map(([command, name]) => ({
    name: command,
    commands: [command],
    package: name,
    tests: `the tests of the parent's files that need ${command}`,
    byHand: byHand(name),
  })),
  { name: 'cpio', commands: ['cpio'], package: 'cpio', tests: 'a test of ramdisks', byHand: byHand('cpio') },
  {
    name: 'spin',
    commands: ['spin'],
    package: 'spin',
    tests: 'the model of the delivery rule',
    byHand: byHand('spin'),
  },
  {
    name: 'a C compiler',
    commands: ['cc'],
    package: 'build-essential',
    tests: 'the tests of how the image’s init reads the time, and the model of the delivery rule',
    byHand: byHand('build-essential'),
  },
];

function byHand(name) {
  return { linux: `install ${name} with your package manager` };
}

/** Some tools are only on root's PATH. */
const SEARCHED = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;

export function onPath(commands, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    for (const command of commands) if (isExecutable(join(folder, command))) return join(folder, command);
  }
  return undefined;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const present = (tool) =>
  Boolean(tool.variable && process.env[tool.variable]) ||
  onPath(tool.commands, SEARCHED) !== undefined ||
  (tool.unpacked !== undefined && isExecutable(join(tool.unpacked, 'usr', 'bin', tool.commands[0])));

/** @returns {string[]} the names of the tools that are installed */
export const presentTools = () => TOOLS.filter(present).map(({ name }) => name);

/** @returns {Promise<boolean>} whether the tests may run */
export async function ensureTestTools() {
  const missing = TOOLS.filter((tool) => !present(tool));
  if (missing.length === 0) return true;
  const reasons = fetchMissing(missing);
  const absent = missing.filter((tool) => !present(tool));
  for (const tool of absent) {
    say(
      [
        '',
        `  ${tool.name} is not here: ${tool.tests} will NOT run.`,
        `    Why: ${reasons.get(tool) ?? 'it was installed but is not on PATH'}`,
        `    To run them: ${tool.byHand[process.platform] ?? tool.byHand.linux}${tool.variable ? `, or set ${tool.variable}` : ''}.`,
      ].join('\n'),
    );
  }
  if (absent.length === 0) return true;
  say('');
  if (!process.env.CI) return true;
  say('CI is set, so a test that cannot run is a failure.');
  return false;
}

/** @returns {Map<object, string>} for each tool that could not be fetched, the reason */
function fetchMissing(tools) {
  const reasons = new Map();
  if (!isDebian()) {
    for (const tool of tools) reasons.set(tool, 'it is not on PATH, and this system has no apt-get to fetch it with');
    return reasons;
  }
  const isRoot = process.getuid?.() === 0;
  for (const tool of tools) {
    const startedAtMs = performance.now();
    if (!isRoot && tool.unpacked === undefined) {
      reasons.set(tool, `it is not on PATH, and apt-get install ${tool.package} needs root`);
      continue;
    }
    say(
      isRoot
        ? `Installing ${tool.name} (apt-get install ${tool.package}) ...`
        : `Fetching ${tool.name} into ${tool.unpacked} ...`,
    );
    const reason = isRoot ? installAsRoot([tool.package]) : unpackInto(tool.unpacked, tool.package);
    if (reason === undefined) say(`${tool.name} is installed, ${seconds(startedAtMs)}.`);
    else reasons.set(tool, reason);
  }
  return reasons;
}
