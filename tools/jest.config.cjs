module.exports = {
  ...require('../jest.preset.cjs')(__dirname),
  // Run by their own configuration, jest.moto.config.cjs: they judge for minutes, after `npm test`.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/tools/ops/moto/'],
};
