import { buildSync } from 'esbuild';
import { join } from 'node:path';

let built: string | undefined;

/**
 * Returns the program of thread.node.ts as a text. In a bundle the build puts the text here (tools/dev/build/plugins/worker-programs.mjs).
 * When the sources run without a bundle (jest), the program is built when it is first needed.
 */
export function threadProgram(): string {
  built ??= buildProgram();
  return built;
}

function buildProgram(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, 'thread.node.ts')],
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
