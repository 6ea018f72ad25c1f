import { runPreview } from './run-preview';

process.exitCode = await runPreview(process.argv.slice(2));
