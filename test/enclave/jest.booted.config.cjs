// Apart from the other tests: it needs Linux on x86-64 and, the first time, half an hour for an emulator and a kernel (README.md).
const [project] = require('../../jest.config.cjs').projects;

module.exports = {
  ...project,
  displayName: 'enclave-booted',
  testMatch: ['<rootDir>/test/enclave/**/*.spec.ts'],
  maxWorkers: 1,
  testTimeout: 300_000,
};
