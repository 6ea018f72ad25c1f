// Apart from the other tests: they need moto and the AWS CLI (`npm run lab -- judges`) and take minutes (README.md).
const { join } = require('node:path');

module.exports = {
  ...require('../../../jest.preset.cjs')(join(__dirname, '../..')),
  displayName: 'moto',
  roots: ['<rootDir>/tools/ops/moto'],
  testTimeout: 300_000,
};
