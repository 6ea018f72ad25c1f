// Orders the spec files of a run that knows no durations, as in CI.
const { readFileSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;

/** Bytes of a spec file and of the files that it imports from its own folder. */
function sizeOf(path) {
  const parts = [...readFileSync(path, 'utf8').matchAll(/ from '(\.\/[^']+)'/g)];
  return [path, ...parts.map(([, part]) => `${join(dirname(path), part)}.ts`)].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/**
 * Keeps Jest's order if a duration is known; otherwise sorts by size, the largest first. The size includes the files that a spec imports
 * from its folder: otherwise the spec of the page, which takes three minutes, would start late.
 */
module.exports = class extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const sizes = new Map(sorted.map(({ path }) => [path, sizeOf(path)]));
    return sorted.sort((one, other) => (sizes.get(other.path) ?? 0) - (sizes.get(one.path) ?? 0));
  }
};
