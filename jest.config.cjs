// All projects that have a jest.config.cjs. test/enclave needs an emulator (its README), so its file has another name.
const { availableParallelism, totalmem } = require('node:os');

module.exports = {
  // Integration specs wait more than they compute: with three workers on two CPUs, a third of the CPUs' time was idle. A worker with its
  // PostgreSQL takes about 1.5 GB.
  maxWorkers: Math.max(1, Math.min(availableParallelism() * 2, Math.floor(totalmem() / 1.5e9))),
  testTimeout: 120_000,
  testSequencer: '<rootDir>/jest.sequencer.cjs',
  // If the CPUs are busy, a worker needs up to a second to free its memory. By default jest kills it after half a second and reports a
  // leak. With this limit, jest still reports a worker that does leak.
  workerGracefulExitTimeout: 10_000,
  projects: ['<rootDir>/{apps,infra,libs,test,tools}/**/jest.config.cjs'],
};
