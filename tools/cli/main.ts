import { start } from './start';

await start(process.argv.slice(2));
