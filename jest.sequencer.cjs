// Which spec file comes first in a run that knows no durations, as in CI.
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
 * Jest's order by duration, and where none is known by size, with the parts of a spec counted. By its own size alone the spec of the page,
 * which takes three minutes, began when the other workers were about to end.
 */
module.exports = class extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const sizes = new Map(sorted.map(({ path }) => [path, sizeOf(path)]));
    return sorted.sort((one, other) => (sizes.get(other.path) ?? 0) - (sizes.get(one.path) ?? 0));
  }
};
