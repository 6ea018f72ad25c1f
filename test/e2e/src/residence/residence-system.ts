import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { fetchEnclaveKey, type EnclaveKey, type TrustPolicy } from '@communique-tee/client';
import { commitmentOf, randomField } from '@communique-tee/residence';
import { createProver } from '@communique-tee/residence/prover';
import { startTestRegistrar, type TestRegistrar } from '@communique-tee/test-registrar';
import { Constituent, startSystem, type System, type SystemOptions } from '@communique-tee/test-system';
import { temporaryFolder } from '@communique-tee/testing/harness';

/** A whole system that accepts proofs, with a registrar of made-up people and a prover. */
export interface ResidenceSystem {
  readonly system: System;
  readonly registrar: TestRegistrar;
  readonly policy: TrustPolicy;
  /** Registers `count` people of California's 12th district, in one publication. */
  constituents(count: number): Constituent[];
  key(): Promise<EnclaveKey>;
  stop(): Promise<void>;
}

export async function startResidenceSystem(
  referenceString: Uint8Array,
  options: Omit<SystemOptions, 'folder' | 'residence'> & { readonly mode?: 'optional' | 'required' } = {},
): Promise<ResidenceSystem> {
  const { mode = 'required', ...more } = options;
  const stops = new AsyncDisposableStack();
  const stop = () => stops.disposeAsync();
  try {
    const folder = await temporaryFolder('residence');
    stops.defer(() => folder.remove());
    const registrar = await startTestRegistrar({ folder: folder.file('registrar') });
    stops.defer(() => registrar.stop());
    const prover = createProver({ referenceString });
    stops.defer(() => {
      prover.close();
    });
    const system = await startSystem({ ...more, folder: folder.path, residence: { mode, registrar } });
    stops.defer(() => system.stop());
    const policy: TrustPolicy = {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    };
    return {
      system,
      registrar,
      policy,
      constituents(count) {
        const secrets = Array.from({ length: count }, randomField);
        const people = secrets.map((secret) => ({ commitment: commitmentOf(secret), district: 'CA-12' }));
        return registrar.registerAll(people).map((registration, at) => {
          const secret = secrets[at];
          if (secret === undefined) throw new Error('the registrar registered more people than asked');
          return new Constituent({ secret, registration, registrar, prove: prover.prove });
        });
      },
      key: () => fetchEnclaveKey(system.gatewayUrl, policy),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
