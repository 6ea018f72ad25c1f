import { runCheck } from './run-check';

process.exitCode = await runCheck(process.argv.slice(2));
