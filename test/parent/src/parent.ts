import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { parentOfStack } from '@communique-tee/infra-testing/stack-parents';
import {
  renderParentArchive,
  renderParentFiles,
  renderUserData,
  type ParentSettings,
} from '@communique-tee/parent-files';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { buildRelease } from '@communique-tee/tools/ops/release/build-release';
import { layOut } from './machine/files';
import { bootMachine, type Machine } from './machine/machine';
import { keptRoot } from './root/root';
import { standIns } from './world/stand-ins';
import { ACME_HOST, imageBytes, INSTANCE, startWorld, type World } from './world/world';

/** A parent that booted from a stack's user data, with the stand-ins and simulators around it. */
export interface BootedParent extends Machine {
  readonly settings: ParentSettings;
  readonly world: World;
}

/**
 * Boots the parent of a stack in this repository. cloud-init runs the whole user data, which fetches the archive, installs the release and
 * starts the units.
 * @param say prints a line of progress
 * @throws Error if there is no root file system (npm run test:parent -- --setup), or the parent does not boot
 */
export async function startParent(stack: string, say: (line: string) => void): Promise<BootedParent> {
  const root = keptRoot();
  if (root === undefined) throw new Error('there is no root to boot: npm run test:parent -- --setup');
  const folder = await temporaryFolder('parent-');
  const stops = new AsyncDisposableStack();
  stops.defer(() => folder.remove());
  const stop = () => stops.disposeAsync();
  try {
    say('building the release');
    const image = imageBytes();
    const release = await buildRelease({
      root: workspaceRoot(),
      arch: process.arch === 'arm64' ? 'arm64' : 'x86_64',
      outFolder: folder.file('release'),
    });
    say('starting Congress, KMS, AWS and the issuer of certificates');
    const world = await startWorld(folder);
    stops.defer(() => world.stop());
    const settings = settingsOf(stack, world, {
      image: { pcr0: developmentMeasurements.pcr0, sha384: createHash('sha384').update(image).digest('hex') },
      release: { sha256: release.sha256 },
    });
    const archive = renderParentArchive(settings);
    world.aws.store.set(settings.image.key, image);
    world.aws.store.set(archive.key, archive.bytes);
    world.aws.store.set(settings.release.key, await readFile(release.file));
    for (const [name, arn] of Object.entries(settings.enclaveSecrets)) {
      const value = world.enclaveSecrets[name];
      if (value !== undefined) world.aws.secrets.set(arn, value);
    }
    const overlay = folder.file('overlay');
    await mkdir(overlay);
    await layOut(
      standIns({
        instance: INSTANCE,
        userData: renderUserData(settings),
        hosts: world.hosts,
        authorities: world.authorities,
        egress: egressFiles(settings),
      }),
      overlay,
    );
    say(`booting the parent of ${stack}`);
    const disks = folder.file('disks');
    await mkdir(`${disks}/root`, { recursive: true });
    const machine = await bootMachine({
      root,
      folder: disks,
      shared: world.shared,
      network: world.network.file,
      overlay,
    });
    stops.defer(() => machine.stop());
    return { ...machine, settings, world, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function settingsOf(
  stack: string,
  { routes }: World,
  runs: {
    readonly image: { readonly pcr0: string; readonly sha384: string };
    readonly release: { readonly sha256: string };
  },
): ParentSettings {
  const settings = parentOfStack(workspaceRoot(), stack, { ...runs, routes });
  return {
    ...settings,
    operatorPcr3: developmentMeasurements.pcr3,
    ...(settings.https.by === 'certbot' && {
      https: { ...settings.https, acmeDirectory: `https://${ACME_HOST}/dir` },
    }),
  };
}

function egressFiles(settings: ParentSettings): Record<string, string> {
  const folder = '/etc/communique/egress/';
  return Object.fromEntries(
    Object.entries(renderParentFiles(settings)).flatMap(([path, { content }]) =>
      path.startsWith(folder) ? [[path.slice(folder.length), content]] : [],
    ),
  );
}
