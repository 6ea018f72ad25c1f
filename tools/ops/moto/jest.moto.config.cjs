// These tests run separately: they need moto and the AWS CLI (`npm run lab -- judges`) and take minutes (README.md).
const { join } = require('node:path');

module.exports = {
  ...require('../../../jest.preset.cjs')(join(__dirname, '../..')),
  displayName: 'moto',
  roots: ['<rootDir>/tools/ops/moto'],
  testTimeout: 300_000,
  // By default jest would use one worker on two cores, but each spec mostly waits for its moto and the AWS CLI.
  maxWorkers: 2,
};
