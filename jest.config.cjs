// All projects that have a jest.config.cjs. test/enclave has one under another name: it needs an emulator (its README).
module.exports = {
  maxWorkers: 2,
  testTimeout: 120_000,
  projects: ['<rootDir>/{apps,infra,libs,test,tools}/**/jest.config.cjs'],
};
