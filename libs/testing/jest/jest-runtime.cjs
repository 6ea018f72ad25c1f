module.exports = require('./bundle.cjs').WorkerRuntime;
