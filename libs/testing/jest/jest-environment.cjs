module.exports = require('./bundle.cjs').WorkerEnvironment;
