module.exports = {
  ...require('../jest.preset.cjs')(__dirname),
  // The specs in src/engine/life have their own configuration: src/engine/jest.engine.config.cjs. They are not excluded by
  // testPathIgnorePatterns, because the option of the same name on the command line would replace it.
  testMatch: ['**/*.spec.ts', '!**/infra/src/engine/life/**'],
};
