// All projects that have a jest.config.cjs. test/enclave has one under another name: it needs an emulator (its README).
const { availableParallelism } = require('node:os');

module.exports = {
  // Integration specs wait more than they compute: with one worker per CPU, two fifths of the CPUs' time were idle.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testTimeout: 120_000,
  projects: ['<rootDir>/{apps,infra,libs,test,tools}/**/jest.config.cjs'],
};
