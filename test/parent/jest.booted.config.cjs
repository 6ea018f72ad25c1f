// These tests run separately. They need root, mounts and a Debian root file system that is made once (README.md).
module.exports = {
  ...require('../../jest.preset.cjs')(__dirname),
  displayName: 'parent-booted',
  maxWorkers: 1,
  testTimeout: 300_000,
};
