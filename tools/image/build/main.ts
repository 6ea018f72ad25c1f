import { runBuild } from './run-build';

process.exitCode = await runBuild(process.argv.slice(2));
