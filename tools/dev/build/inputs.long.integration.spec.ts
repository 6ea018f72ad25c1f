import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { bundleVerifier } from '../../cli/one-file/bundle.mjs';

const root = workspaceRoot();

async function nx(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'node_modules/.bin/nx'), ...args], {
    cwd: root,
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout);
}

/** Returns the files that Nx hashes for a target. When one of them changes, the cached result is not used. */
const inputsOf = async (target: string) =>
  ((await nx('show', 'target', 'inputs', target, '--json')) as { files: string[] }).files;
const affectedBy = (file: string) => nx('show', 'projects', '--affected', `--files=${file}`, '--json');

const PAGE = 'apps/page/src/ui/ui.css';
const SCHEMA = 'prisma/schema.prisma';
const KEY_POLICY = 'libs/key-policies/src/attested-key.ts';

describe('Nx, with its cache,', () => {
  it('builds the gateway again when the page, the database schema or the bundler changes', async () => {
    const inputs = await inputsOf('gateway:build');
    expect(inputs).toEqual(expect.arrayContaining([PAGE, SCHEMA, 'tools/dev/build/page.mjs']));
    expect(inputs.filter((file) => file.endsWith('.spec.ts'))).toEqual([]);
  });

  it('builds the gateway again when the file for auditors changes, because the page shows its hash', async () => {
    const inputs = new Set(await inputsOf('gateway:build'));
    const { inputs: read } = await bundleVerifier(root);
    const sources = read.map((path) => relative(root, path)).filter((path) => !path.startsWith('node_modules'));
    expect(sources.length).toBeGreaterThan(50);
    expect([...sources, 'tools/cli/one-file/bundle.mjs'].filter((path) => !inputs.has(path))).toEqual([]);
  });

  it('generates the Prisma client again when the schema changes, and not when other files of the gateway change', async () => {
    const inputs = await inputsOf('prisma:generate');
    expect(inputs).toContain(SCHEMA);
    expect(inputs.filter((file) => file.startsWith('apps/'))).toEqual([]);
  });

  it('does not build the enclave again when the page or the schema changes', async () => {
    const inputs = await inputsOf('enclave:build');
    expect(inputs).toContain('libs/protocol/src/index.ts');
    expect(inputs).not.toContain(PAGE);
    expect(inputs).not.toContain(SCHEMA);
  });

  it.each(['infra:test', 'kms-simulator:test', 'enclave:test', 'system:test'])(
    'runs %s again when a key policy changes',
    async (target) => {
      expect(await inputsOf(target)).toContain(KEY_POLICY);
    },
  );

  it.each(['gateway:lint', 'gateway:typecheck', 'gateway:test'])(
    'runs %s again when a library it imports changes',
    async (target) => {
      expect(await inputsOf(target)).toContain('libs/protocol/src/index.ts');
    },
  );

  it.each([
    [PAGE, ['page', 'gateway', 'e2e'], ['enclave', 'parent', 'protocol']],
    [SCHEMA, ['prisma', 'gateway', 'testing-postgres', 'e2e'], ['enclave', 'page']],
    [KEY_POLICY, ['key-policies', 'infra', 'kms-simulator', 'enclave'], ['gateway', 'page']],
    ['docs/operations.md', ['system'], ['enclave', 'gateway']],
  ])('a change of %s affects %j and not %j', async (file, affected, unaffected) => {
    const projects = (await affectedBy(file)) as string[];
    expect(projects).toEqual(expect.arrayContaining(affected));
    expect(projects.filter((name) => unaffected.includes(name))).toEqual([]);
  });
});

describe('the project graph', () => {
  it('has no circular dependency, and no source root that does not exist', async () => {
    const { graph } = (await nx('graph', '--file=stdout')) as {
      graph: {
        nodes: Record<string, { data: { root: string; sourceRoot?: string } }>;
        dependencies: Record<string, { target: string }[]>;
      };
    };
    const reaches = (from: string, seen = new Set<string>()): Set<string> => {
      for (const { target } of graph.dependencies[from] ?? []) if (!seen.has(target)) reaches(target, seen.add(target));
      return seen;
    };
    const names = Object.keys(graph.nodes);
    expect(names.filter((name) => reaches(name).has(name))).toEqual([]);
    expect(
      Object.values(graph.nodes).filter(({ data }) => !existsSync(join(root, data.sourceRoot ?? data.root))),
    ).toEqual([]);
  });
});
