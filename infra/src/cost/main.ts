import { runCost } from './run-cost';

process.exitCode = runCost(process.argv.slice(2));
