// node docker/copy-packages.mjs <folder> <package>...: copies these packages with all their dependencies from node_modules into
// <folder>/node_modules, for an image that needs only a few of the workspace's packages.
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Returns the folder where Node finds this package from the given folder, or undefined if the package is not installed. */
function find(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (folder === root) return undefined;
  }
}

/** @returns {Set<string>} absolute paths of the packages' folders and of their dependencies' folders */
export function packagesWith(names) {
  const folders = new Set();
  const waiting = names.map((name) => ({ name, from: root, required: true }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { name, from, required } = next;
    const folder = find(name, from);
    if (folder === undefined && required)
      throw new Error(`${name} is not installed, which ${relative(root, from) || 'this'} needs`);
    if (folder === undefined || folders.has(folder)) continue;
    folders.add(folder);
    const {
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const each of Object.keys({ ...dependencies, ...peerDependencies })) {
      // Does not copy an optional peer, such as TypeScript
      if (peerDependenciesMeta[each]?.optional) continue;
      waiting.push({ name: each, from: folder, required: !(each in optionalDependencies) });
    }
    for (const each of Object.keys(optionalDependencies)) waiting.push({ name: each, from: folder, required: false });
  }
  return folders;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [target, ...names] = process.argv.slice(2);
  const usage = 'usage: node docker/copy-packages.mjs <folder> <package>...';
  if (target === '--help' || target === '-h') {
    console.log(usage);
    process.exit(0);
  }
  if (target === undefined || target.startsWith('-') || names.length === 0) {
    console.error(usage);
    process.exit(2);
  }
  const folders = packagesWith(names);
  for (const folder of folders) {
    // Nested node_modules contain other packages. The needed ones are copied separately.
    const nested = join(folder, 'node_modules');
    cpSync(folder, join(resolve(target), relative(root, folder)), {
      recursive: true,
      filter: (source) => source !== nested,
    });
  }
  console.log(`${folders.size} packages`);
}
