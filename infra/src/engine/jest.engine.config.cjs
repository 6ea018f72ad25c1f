// These tests run separately: they need Pulumi's own CLI (`npm run lab -- pulumi`) and take minutes (README.md).
const { join } = require('node:path');

module.exports = {
  ...require('../../../jest.preset.cjs')(join(__dirname, '../..')),
  displayName: 'engine',
  roots: ['<rootDir>/infra/src/engine/life', '<rootDir>/tools/ops/deploy'],
  testMatch: ['**/infra/src/engine/life/*.spec.ts', '**/tools/ops/deploy/real-engine.*.spec.ts'],
  // A spec runs the operations of one stack in sequence. Two stacks at a time keep two cores busy, and each takes about a gigabyte.
  maxWorkers: 2,
  testTimeout: 600_000,
  workerGracefulExitTimeout: 10_000,
};
