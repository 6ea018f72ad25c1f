// All projects that have a jest.config.cjs. test/enclave has one under another name: it needs an emulator (its README).
const { availableParallelism, totalmem } = require('node:os');

module.exports = {
  // Integration specs wait more than they compute: with three workers on two CPUs, a third of the CPUs' time was idle. A worker with its
  // PostgreSQL takes about 1.5 GB.
  maxWorkers: Math.max(1, Math.min(availableParallelism() * 2, Math.floor(totalmem() / 1.5e9))),
  testTimeout: 120_000,
  testSequencer: '<rootDir>/jest.sequencer.cjs',
  // A worker needs up to a second to give back its memory where the CPUs are busy. Jest ends it by force after half a second, and reports
  // a leak. A worker that does leak is still reported.
  workerGracefulExitTimeout: 10_000,
  projects: ['<rootDir>/{apps,infra,libs,test,tools}/**/jest.config.cjs'],
};
