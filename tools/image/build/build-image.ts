import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@communique-tee/command-line';
import { writeCpio, writeImage, type Measurements } from '@communique-tee/eif';
import { group } from '../debian-archive/lock';
import { sha256Of } from '../debian-archive/download';
import { ensureInit, type InitForTests } from '../inputs/init';
import { readImageLock, type ImageArchitecture } from '../inputs/lock-inputs';
import { runtimeLibraries } from '../inputs/runtime-libraries';
import { ensureKernel } from '../kernel/kernel';
import { requireCompared } from '../prebuilt/require-compared';
import { unverifiedLines } from '../prebuilt/record';
import { billOfMaterials } from './bill-of-materials';
import { compress } from './compress';
import { appRamdisk, bootRamdisk } from './contents';
import { BuildError } from './build-error';
import { bundleEnclave, checkConfiguration, type ConfigurationSummary } from './enclave-bundle';
import { materialsOf } from './materials';
import { imageRuntime } from './image-runtime';
import { readLockfile } from './npm-package';
import { sourceOf } from './source';

export interface ImageRequest {
  /** The checkout; its node_modules must match the lockfile. */
  root: string;
  arch: ImageArchitecture;
  /** The enclave's configuration of one stack (JSON), which is copied unchanged into the image. */
  configurationFile: string;
  outFolder: string;
  /** Changes to init, only for tests. Such an image has other measurements, and `-control` in its name and version. */
  initForTests?: InitForTests;
  step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
}

export interface BuiltImage {
  /** The path of communique-tee.eif. measurements.json and sbom.cdx.json are in the same folder. */
  image: string;
  measurementsFile: string;
  sbomFile: string;
  sizeBytes: number;
  measurements: Measurements;
  configuration: ConfigurationSummary;
  /** One line for each prebuilt file that was not compared with the hash that its publisher signed. */
  unverified: readonly string[];
}

/**
 * Builds an image from pinned inputs and this checkout. The same inputs and checkout give the same bytes on every machine.
 * @throws BuildError, SetupError (tools/image/debian-archive), EifError
 */
export async function buildImage({
  root,
  arch,
  configurationFile,
  outFolder,
  initForTests,
  step,
}: ImageRequest): Promise<BuiltImage> {
  const work = await workFolder(outFolder);
  try {
    const configuration = await step('check the configuration', () =>
      checkConfiguration(root, join(work, 'check'), configurationFile),
    );
    const kernel = await step('the kernel', () => ensureKernel(root, arch));
    const init = await step('init', () => ensureInit(root, arch, initForTests));
    const lockfile = readLockfile(root);
    const { node, koffi } = await step('Node and koffi', () => imageRuntime(lockfile, arch));
    const libraries = await step('the C and C++ libraries', () => runtimeLibraries(root, arch));
    const bundle = await step('the enclave’s bundle', () => bundleEnclave(root, join(work, 'bundle')));
    const contents = {
      init: init.file,
      node: node.path,
      libraries,
      bundle: bundle.main,
      koffi: koffi.path,
      configuration: new Uint8Array(await readFile(configurationFile)),
    };
    await requireCompared(readImageLock(root), arch, [node, koffi]);
    const ramdisks = await step('the ramdisks', async () => {
      const [boot, app] = [join(work, 'boot.cpio'), join(work, 'app.cpio')];
      await writeCpio(bootRamdisk(contents), boot);
      await writeCpio(appRamdisk(contents), app);
      return compress(root, [boot, app]);
    });
    const source = sourceOf(root);
    const mark = initForTests === undefined ? '' : '-control';
    const version = `${source.version}${mark}`;
    const image = join(outFolder, 'communique-tee.eif');
    const written = await step('the image', async () =>
      writeImage(
        {
          arch,
          kernel: { path: kernel.image },
          cmdline: (await readFile(join(root, 'image', 'kernel', `${arch}.cmdline`), 'utf8')).trim(),
          ramdisks: ramdisks.map((path) => ({ path })),
          metadata: {
            imageName: `communique-tee${mark}`,
            imageVersion: version,
            // Constant, because two builds must give the same bytes.
            buildTime: '1970-01-01T00:00:00Z',
            buildTool: 'communique-tee',
            buildToolVersion: source.version,
            operatingSystem: 'Linux',
            kernelVersion: kernel.version,
            dockerInfo: null,
            customMetadata: null,
          },
        },
        image,
      ),
    );
    const sha384 = createHash('sha384')
      .update(await readFile(image))
      .digest('hex');
    const { measurements } = written;
    const materials = materialsOf({
      kernel: { source: group(readImageLock(root), 'linux-source'), sha256: kernel.sha256 },
      init: { sha256: await sha256Of(init.file), version: source.version },
      musl: group(readImageLock(root), arch === 'x86_64' ? 'compiler' : 'musl-arm64'),
      node: node.npm,
      koffi: koffi.npm,
      libraries: group(readImageLock(root), `runtime-${arch}`),
      bundle,
      bundleSha256: await sha256Of(bundle.main),
      lockfile,
      version: source.version,
    });
    const sbomFile = join(outFolder, 'sbom.cdx.json');
    await writeFile(
      sbomFile,
      billOfMaterials({ name: 'communique-tee.eif', version, sha384, pcr0: measurements.pcr0 }, materials),
    );
    const unverified = unverifiedLines(readImageLock(root).prebuilt, arch);
    const measurementsFile = join(outFolder, 'measurements.json');
    await writeFile(
      measurementsFile,
      `${JSON.stringify(
        {
          $comment: 'What an enclave of this image attests. Made by npm run image -- build.',
          image: 'communique-tee.eif',
          version,
          architecture: arch,
          stack: configuration.stack,
          sizeBytes: written.sizeBytes,
          sha384,
          hashAlgorithm: 'SHA384',
          ...measurements,
          commit: source.commit,
          lockfileSha256: await sha256Of(join(root, 'package-lock.json')),
          imageLockSha256: await sha256Of(join(root, 'image', 'image.lock.json')),
          kernelSha256: kernel.sha256,
          unverified,
          configurationSha256: createHash('sha256').update(contents.configuration).digest('hex'),
          custody: configuration.custody,
          residence: configuration.residence,
          agents: configuration.agents,
          prices: configuration.prices,
          secrets: configuration.secrets,
          longestAnswerMs: configuration.longestAnswerMs,
          routes: configuration.routes,
          destinations: configuration.destinations,
        },
        null,
        2,
      )}\n`,
    );
    await copyFile(kernel.config, join(outFolder, 'kernel.config'));
    await copyFile(bundle.licenses, join(outFolder, 'THIRD-PARTY-LICENSES.txt'));
    return { image, measurementsFile, sbomFile, sizeBytes: written.sizeBytes, measurements, configuration, unverified };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function workFolder(outFolder: string): Promise<string> {
  try {
    makeFolder(outFolder);
    return await mkdtemp(join(outFolder, '.build-'));
  } catch (cause) {
    throw new BuildError(
      'out_not_writable',
      `nothing can be written to ${outFolder}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
