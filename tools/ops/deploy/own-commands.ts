import { pulumiPath, type Exited } from './ports';
import type { Deployment } from './deployment';

/** Runs a program of this checkout as npm run does, attached to the terminal. @throws Interrupted */
export async function runOwn(
  deployment: Deployment,
  program: 'image' | 'ops',
  args: readonly string[],
): Promise<Exited> {
  const { root, env } = deployment.ports.looking;
  deployment.say(`$ npm run ${program} -- ${args.join(' ')}`);
  const exited = await deployment.ports.run(
    process.execPath,
    ['tools/run.mjs', program === 'image' ? 'tools/image/main.ts' : 'tools/ops/main.ts', ...args],
    // preflight checks the PATH on which Pulumi will find Node.
    { PATH: pulumiPath(root, env['PATH'] ?? '') },
  );
  deployment.heed();
  return exited;
}
