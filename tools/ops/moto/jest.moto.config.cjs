// Apart from the other tests: they need moto and the AWS CLI (`npm run lab -- judges`) and take minutes (README.md).
const { join } = require('node:path');

module.exports = {
  ...require('../../../jest.preset.cjs')(join(__dirname, '../..')),
  displayName: 'moto',
  roots: ['<rootDir>/tools/ops/moto'],
  testTimeout: 300_000,
  // jest would take one of two cores; each spec waits for a moto and an AWS CLI of its own.
  maxWorkers: 2,
};
