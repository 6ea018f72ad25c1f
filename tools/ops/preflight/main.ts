import { workspaceRoot } from '@communique-tee/testing/harness';
import { realPorts } from './ports';
import { runPreflight } from './run-preflight';

const streams = {
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
  colour: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
  progress: process.stderr.isTTY,
};
const code = await runPreflight(process.argv.slice(2), realPorts(workspaceRoot()), streams);
// Connections that a time limit left behind would keep this process alive.
process.stdout.write('', () => process.exit(code));
