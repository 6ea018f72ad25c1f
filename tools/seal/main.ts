import { start } from '../cli/start';

// npm run seal: the same as npx communique-tee seal
await start(['seal', ...process.argv.slice(2)]);
