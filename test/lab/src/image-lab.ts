import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { makeTestPki } from '@communique-tee/emulator';
import { configurationFor } from '@communique-tee/enclave/testing/enclave-fixture';
import { startSealedSurroundings, type SealedSurroundings } from '@communique-tee/enclave/testing/sealed-surroundings';
import { Sender } from '@communique-tee/enclave/testing/sender';
import { buildImage, type BuiltImage } from '@communique-tee/image-build';
import { createNsm } from '@communique-tee/nsm';
import { CHAMBER_KEYS, forEachChamber } from '@communique-tee/protocol';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { writeFile } from 'node:fs/promises';
import type { Attack, EnclaveOptions } from './attack';
import { Egress } from './egress';
import { APP_PORT, imageMachine } from './image-machine';
import { Parent, type Expectation } from './parent';
import type { Lab, Labs } from './process-lab';

type ImageOptions = Pick<EnclaveOptions, 'deduplicates' | 'legacySuite'>;

interface Built {
  readonly image: BuiltImage;
  readonly surroundings: SealedSurroundings;
  readonly routes: ReturnType<typeof routesTo>;
}

/**
 * Runs attacks on booted images in the emulator. Builds one image for each configuration that attacks need, and boots it anew for each
 * attack.
 */
export async function imageLab(say: (text: string) => void): Promise<Labs> {
  const folder = await temporaryFolder('lab-images-');
  const pki = await makeTestPki(folder.file('nsm-pki'));
  const built = new Map<string, Promise<Built>>();

  const build = async ({ deduplicates = true, legacySuite = false }: ImageOptions, name: string): Promise<Built> => {
    say(`      building an image (deduplicates: ${String(deduplicates)}, legacySuite: ${String(legacySuite)})`);
    const surroundings = await startSealedSurroundings(forEachChamber(() => ({ deduplicates })));
    const routes = routesTo(surroundings);
    const configuration = {
      ...configurationFor(surroundings.congress, { congress: forEachChamber(() => ({ deduplicates })), legacySuite }),
      listen: `vsock:${String(APP_PORT)}`,
      egress: { mode: 'vsock', routes: routes.map(({ host, port, vsockPort }) => ({ host, port, vsockPort })) },
    };
    const configurationFile = folder.file(`${name}.json`);
    await writeFile(configurationFile, JSON.stringify(configuration));
    const image = await buildImage({
      root: workspaceRoot(),
      arch: 'x86_64',
      configurationFile,
      outFolder: folder.file(name),
      step: (_title, work) => work(),
    });
    return { image, surroundings, routes };
  };

  const open = async ({ enclave = {} }: Attack): Promise<Lab> => {
    const { deduplicates, legacySuite } = enclave;
    const key = JSON.stringify([deduplicates, legacySuite]);
    const building = built.get(key) ?? build({ ...enclave }, `image-${String(built.size)}`);
    built.set(key, building);
    const { image, surroundings, routes } = await building;
    const { congress, kms, time, device, client, rootFolder } = surroundings;
    congress.setFaults({});
    congress.clearReceived();
    const sender = new Sender(unsafeTrustAnchorFromPem(pki.rootPem), Date.now, [
      { pcr0: image.measurements.pcr0, operator: 'any' },
    ]);
    const expectations: Expectation[] = [];
    const stops = new AsyncDisposableStack();
    const stop = () => stops.disposeAsync();
    const boot = async (): Promise<Parent> => {
      const machine = await imageMachine(image.image, pki);
      const egress = new Egress();
      stops.defer(() => machine.stop());
      stops.defer(() => egress.close());
      await egress.open(machine.vsock, routes);
      await machine.start();
      return new Parent({
        ...{ machine, egress, congress, kms, time, sender, expectations, boot, aws: client, rootFolder },
        nsm: async (pcrs) => createNsm(await device(pcrs)),
      });
    };
    try {
      return { parent: await boot(), expectations, stop };
    } catch (error) {
      await stop();
      throw error;
    }
  };

  return {
    cannotRun: ({ processOnly, enclave: { custody, configure, pcrs } = {} }) => {
      if (processOnly === true)
        return 'needs something that only the process allows, such as shifting the attested time';
      if (custody === 'kms')
        return 'an image accepts sealed keys only under the AWS root, which the emulator does not have';
      return configure || pcrs ? 'needs a configuration or measurements that no image here has' : null;
    },
    open,
    async stop() {
      for (const each of built.values()) await (await each).surroundings.stop();
      await folder.remove();
    },
  };
}

function routesTo({ congress }: SealedSurroundings) {
  return CHAMBER_KEYS.map((name, at) => {
    const { hostname: host, port } = new URL(congress[name].origin);
    const far = { kind: 'tcp', host: '127.0.0.1', port: Number(port) } as const;
    return { name, host, port: Number(port), vsockPort: 8001 + at, far };
  });
}
