// All projects that have a jest.config.cjs. test/enclave has one under another name: it needs an emulator (its README).
module.exports = {
  maxWorkers: '100%', // one worker per CPU
  testTimeout: 120_000,
  projects: ['<rootDir>/{apps,infra,libs,test,tools}/**/jest.config.cjs'],
};
