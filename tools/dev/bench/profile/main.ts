import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jsonArgument } from '../process/json-argument';
import { selfTimes, sourcesOfBundle, type CpuProfile, type Share } from './self-time';

// node tools/run.mjs tools/dev/bench/profile/main.ts <file.cpuprofile> prints which code took the time, by self time.
const profile = (await jsonArgument('file.cpuprofile', 'Where the time went, by self time.')) as CpuProfile;
const bundles = new Map<string, (lineNumber: number) => string>();
const { groups, functions, busySeconds } = selfTimes(profile, (url, lineNumber) => {
  if (!url.startsWith('file:')) return url;
  const inPackage = /\/(node_modules\/.*)$/.exec(url)?.[1];
  if (inPackage !== undefined) return inPackage;
  let sources = bundles.get(url);
  if (sources === undefined) bundles.set(url, (sources = sourcesOfBundle(readFileSync(fileURLToPath(url), 'utf8'))));
  return sources(lineNumber);
});
const lines = (shares: readonly Share[]) =>
  shares.map(({ what, share }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${what}\n`).join('');
process.stdout.write(`busy for ${busySeconds.toFixed(1)} s\n${lines(groups)}\n${lines(functions.slice(0, 40))}`);
