// These tests run separately. They need Linux on x86-64 and, the first time, half an hour to build an emulator and a kernel (image/README.md).
module.exports = {
  ...require('../../jest.preset.cjs')(__dirname),
  displayName: 'enclave-booted',
  maxWorkers: 1,
  testTimeout: 300_000,
};
