import { createProver, type Prover } from '@communique-tee/residence/prover';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDesk, startTestRegistrar, type TestRegistrar } from '../../ops/registrar/testing';
import type { Steps } from './steps';

/** The number of made-up people in the list. The demo registers one more person. */
const PEOPLE = 3000;

/** What the demo needs to prove residence. */
export interface DemoResidence {
  readonly registrar: TestRegistrar;
  readonly prover: Prover;
  /** The page on which a person registers. */
  readonly deskUrl: string;
  stop(): Promise<void>;
}

/** Starts a new registrar with a new key, its registration page, and a prover. */
export async function startResidence(
  folder: string,
  referenceString: Uint8Array,
  { step }: Pick<Steps, 'step'>,
): Promise<DemoResidence> {
  const registrarFolder = join(folder, 'registrar');
  await rm(registrarFolder, { recursive: true, force: true });
  const registrar = await step(
    `start a registrar of ${PEOPLE.toLocaleString('en-US')} made-up people`,
    () => startTestRegistrar({ folder: registrarFolder, people: PEOPLE }),
    ({ published, filesUrl }) => `root ${published.root.slice(0, 16)}..., list at ${filesUrl}`,
  );
  const desk = await openDesk((commitment, district) => registrar.register(commitment, district));
  const prover = createProver({ referenceString });
  return {
    registrar,
    prover,
    deskUrl: desk.url,
    async stop() {
      prover.close();
      await desk.stop();
      await registrar.stop();
    },
  };
}
