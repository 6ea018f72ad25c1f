// Apart from the other tests: they need moto and the AWS CLI (`npm run lab -- judges`) and take minutes (README.md).
const { join } = require('node:path');

module.exports = {
  ...require('../../../jest.preset.cjs')(join(__dirname, '../..')),
  displayName: 'moto',
  roots: ['<rootDir>/tools/ops/moto'],
  testTimeout: 300_000,
  // jest would use one of two cores; each spec mostly waits for its own moto and AWS CLI.
  maxWorkers: 2,
};
