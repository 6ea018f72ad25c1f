import { start } from '../cli/start';

// npm run verify: the same as npx communique-tee verify
await start(['verify', ...process.argv.slice(2)]);
