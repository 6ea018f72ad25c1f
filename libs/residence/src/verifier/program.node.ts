import { buildSync } from 'esbuild';
import { join } from 'node:path';

let built: string | undefined;

/**
 * Returns the built JavaScript of thread.node.ts. In a bundle, tools/dev/build/plugins/worker-programs.mjs replaces this module with the
 * built text. Without a bundle (jest), the first call builds it.
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
