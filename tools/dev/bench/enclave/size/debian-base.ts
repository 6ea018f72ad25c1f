import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { isInstalled } from '../../process/run-part';

/** A package as Debian's index describes it. */
export interface DebianPackage {
  readonly name: string;
  readonly installedKiB: number;
  /** Size of the .deb, which is compressed with xz. */
  readonly packedBytes: number;
  readonly required: boolean;
  readonly provides: readonly string[];
  /** Each dependency as a list of alternatives. */
  readonly depends: readonly (readonly string[])[];
}

export interface DebianBase {
  readonly packages: number;
  readonly installedBytes: number;
  readonly packedBytes: number;
}

/**
 * Packages in addition to the required ones. debian:<release>-slim is made from debootstrap's "minbase", which has the essential and
 * required packages and apt. Node needs the two libraries.
 */
const BESIDES_REQUIRED = ['apt', 'libstdc++6', 'libgcc-s1'];

/** Returns the size of Debian's base with what Node needs, from the index of this machine's apt; undefined if there is no index. */
export async function debianBase(): Promise<DebianBase | undefined> {
  if (!isInstalled('apt-cache')) return undefined;
  const packages: DebianPackage[] = [];
  const index = spawn('apt-cache', ['dumpavail'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let paragraph: string[] = [];
  for await (const line of createInterface({ input: index.stdout })) {
    if (line !== '') {
      if (/^(Package|Architecture|Essential|Priority|Provides|Depends|Pre-Depends|Installed-Size|Size):/.test(line))
        paragraph.push(line);
      continue;
    }
    const found = readPackage(paragraph);
    if (found !== undefined) packages.push(found);
    paragraph = [];
  }
  if (!packages.some(({ name }) => name === 'base-files')) return undefined;
  const chosen = closureOf(packages, BESIDES_REQUIRED);
  const sum = (of: (each: DebianPackage) => number) => chosen.reduce((total, each) => total + of(each), 0);
  return {
    packages: chosen.length,
    installedBytes: sum(({ installedKiB }) => installedKiB * 1024),
    packedBytes: sum(({ packedBytes }) => packedBytes),
  };
}

export function readPackage(lines: readonly string[]): DebianPackage | undefined {
  const fields = new Map(
    lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const name = fields.get('Package');
  if (name === undefined || !['amd64', 'all'].includes(fields.get('Architecture') ?? '')) return undefined;
  const list = (field: string) =>
    (fields.get(field) ?? '')
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '');
  const bare = (text: string) => text.trim().replace(/[\s:(].*$/, '');
  return {
    name,
    installedKiB: Number(fields.get('Installed-Size') ?? 0),
    packedBytes: Number(fields.get('Size') ?? 0),
    required: fields.get('Essential') === 'yes' || fields.get('Priority') === 'required',
    provides: list('Provides').map(bare),
    depends: [...list('Pre-Depends'), ...list('Depends')].map((each) => each.split('|').map(bare)),
  };
}

/**
 * Returns the required packages, `besides`, and everything that these depend on. Of alternatives it takes the first that exists. Versions
 * are not compared.
 */
export function closureOf(packages: readonly DebianPackage[], besides: readonly string[]): DebianPackage[] {
  const byName = new Map(packages.map((each) => [each.name, each]));
  const providers = new Map(
    packages.flatMap((each) => each.provides.map((name): [string, DebianPackage] => [name, each])),
  );
  const chosen = new Set<DebianPackage>();
  const take = (found: DebianPackage): void => {
    if (chosen.has(found)) return;
    chosen.add(found);
    for (const alternatives of found.depends) {
      const [first] = alternatives.flatMap((name) => byName.get(name) ?? []);
      const taken = first ?? alternatives.flatMap((name) => providers.get(name) ?? [])[0];
      if (taken === undefined)
        throw new Error(`apt's index has none of ${alternatives.join(', ')}, which ${found.name} depends on`);
      take(taken);
    }
  };
  for (const each of packages) if (each.required) take(each);
  for (const name of besides) {
    const found = byName.get(name);
    if (found === undefined) throw new Error(`apt's index has no ${name}`);
    take(found);
  }
  return [...chosen];
}
