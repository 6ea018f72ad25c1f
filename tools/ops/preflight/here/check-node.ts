import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, pass, warn, type Check, type Context, type Finding } from '../check';
import { shellPath } from './shell-path';

export const node: Check = {
  name: 'node',
  title: 'Node is as new as package.json requires: both this process’s and the one on PATH, which Pulumi uses',
  group: 'here',
  network: false,
  async run(context) {
    const { root, nodeVersion } = context.ports;
    const wanted = oldest(await readFile(join(root, 'package.json'), 'utf8')) ?? 24;
    const own =
      major(nodeVersion) >= wanted
        ? pass(nodeVersion)
        : fail(
            `${nodeVersion}, and ${String(wanted)} is needed`,
            `npm ci brings Node ${String(wanted)}, and npm run uses it`,
            'npm ci && npm run ops -- preflight',
          );
    return [own, await ofPulumi(context, wanted)];
  },
};

const TAKE_OURS = 'export PATH="$PWD/node_modules/.bin:$PATH"';

/** Checks the Node that `pulumi up` would use in the operator's shell. The shell's PATH lacks the entries that `npm run` adds. */
async function ofPulumi({ ports, signal }: Context, wanted: number): Promise<Finding> {
  const path = shellPath(ports.env['PATH'] ?? '');
  const { stdout } = await ports.runProgram('node', ['--version'], { signal, env: { PATH: path } });
  const version = /^v(\d{1,4}\.\d{1,4}\.\d{1,4})\s*$/.exec(stdout)?.[1];
  const todo = `put Node ${String(wanted)} first on PATH, in the shell that runs pulumi; on Linux the workspace brings one`;
  if (version === undefined) return fail('Pulumi finds no node on PATH', todo, TAKE_OURS);
  const pulumis = oldest(
    await readFile(join(ports.root, 'node_modules/@pulumi/pulumi/package.json'), 'utf8').catch(() => ''),
  );
  if (major(version) < (pulumis ?? wanted))
    return fail(
      `Pulumi would run on Node ${version} from PATH, and it needs ${String(pulumis ?? wanted)}`,
      todo,
      TAKE_OURS,
    );
  return major(version) < wanted
    ? warn(
        `Pulumi would run on Node ${version} from PATH; the program is tested with ${String(wanted)}`,
        todo,
        TAKE_OURS,
      )
    : pass(`Pulumi would run on Node ${version} from PATH`);
}

const major = (version: string): number => Number(version.split('.')[0]);

/** The oldest Node that `engines.node` of a package.json allows. */
const oldest = (json: string): number | undefined => {
  const text = /"node":\s*">=\s*(\d+)/.exec(json)?.[1];
  return text === undefined ? undefined : Number(text);
};
