import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPulumi } from './install-pulumi';
import { keptPulumi, pulumiFolder } from './kept-pulumi';

const quiet = (): void => undefined;

describe('Pulumi’s CLI', () => {
  let folder: TemporaryFolder;
  const { PATH, COMMUNIQUE_CACHE_DIR } = process.env;
  beforeEach(async () => {
    folder = await temporaryFolder('pulumi-cli-');
    await mkdir(folder.file('bin'));
    process.env['PATH'] = `${folder.file('bin')}:/usr/bin:/bin`;
    process.env['COMMUNIQUE_CACHE_DIR'] = folder.file('cache');
  });
  afterEach(async () => {
    Object.assign(process.env, { PATH, COMMUNIQUE_CACHE_DIR });
    if (COMMUNIQUE_CACHE_DIR === undefined) delete process.env['COMMUNIQUE_CACHE_DIR'];
    await folder.remove();
  });

  /** Writes a fake `go` of this version. `go build` runs the shell script `build` in the folder of the module. */
  async function go(version: string, build: string): Promise<void> {
    const file = folder.file('bin/go');
    await writeFile(
      file,
      `#!/bin/sh\ncase "$1" in\n  version) echo 'go version go${version} linux/amd64' ;;\n  build) ${build} ;;\nesac\n`,
    );
    await chmod(file, 0o755);
  }

  it('is absent, with the reason, if there is no Go', async () => {
    process.env['PATH'] = folder.file('bin');
    expect(await installPulumi(quiet)).toEqual({
      absent: expect.stringMatching(/^Go \S+ or later is not on PATH$/) as string,
    });
  });

  it('is absent if Go is too old', async () => {
    await go('1.25.9', 'exit 0');
    expect(await installPulumi(quiet)).toEqual({ absent: expect.stringContaining('only 1.25.9') as string });
  });

  it('is absent, with Go’s error as the reason, if a module is refused, and leaves only the log', async () => {
    await go(
      '1.99.0',
      "echo 'go: downloading example.org/a v1' >&2; echo 'example.org/a@v1: 403 Forbidden' >&2; exit 1",
    );
    const cli = await installPulumi(quiet);
    expect(cli).toEqual({ absent: expect.stringContaining('example.org/a@v1: 403 Forbidden') as string });
    expect(await readdir(folder.file('cache'))).toEqual([expect.stringMatching(/\.log$/) as string]);
  });

  it('is built with separate caches, and leaves only the program', async () => {
    await go('1.99.0', 'mkdir -p "$GOMODCACHE" "$GOCACHE" && cp go.sum bin/pulumi');
    const cli = await installPulumi(quiet);
    expect(cli).toEqual({ command: join(pulumiFolder(), 'pulumi'), folder: pulumiFolder() });
    expect(keptPulumi()).toEqual(cli);
    expect(await readdir(pulumiFolder())).toEqual(['pulumi']);
    const left = (await readdir(folder.file('cache'))).filter((name) => /\.\d+$/.test(name));
    expect(left).toEqual([]);
  });

  it('removes the files of a killed build', async () => {
    const abandoned = `${pulumiFolder()}.4194305`;
    await mkdir(abandoned, { recursive: true });
    await go('1.99.0', 'touch bin/pulumi');
    await installPulumi(quiet);
    expect(await readdir(folder.file('cache'))).not.toContain(abandoned.split('/').at(-1));
  });
});
