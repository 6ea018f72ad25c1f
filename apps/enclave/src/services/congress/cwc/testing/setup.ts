import {
  startCongressSimulator,
  type ChamberStartOptions,
  type CongressSimulator,
  type CongressSimulatorOptions,
} from '@communique-tee/congress-simulator';
import { forEachChamber, type Chamber } from '@communique-tee/protocol';
import * as z from 'zod';
import { createEgress, type Egress } from '../../../../egress';
import { congressConfigSchema, congressDestinations, createCongress, type Congress, type CongressConfig } from '..';
import { TEST_AGENT } from './messages';

type ConfigInput = z.input<typeof congressConfigSchema>;

export interface Setup {
  simulator: CongressSimulator;
  congress: Congress;
  config: CongressConfig;
  egress: Egress;
}

export interface SetupOptions extends CongressSimulatorOptions {
  both?: ChamberStartOptions;
  /** Overrides members of every chamber's configuration in the enclave. */
  configure?: Partial<ConfigInput[Chamber]>;
  /** Attested time minus the machine's time, in milliseconds. */
  clockOffsetMs?: number;
}

/** Starts a Congress simulator, and returns it with the enclave's Congress client configured for it. */
export async function setUp({
  both = {},
  configure = {},
  clockOffsetMs = 0,
  ...options
}: SetupOptions = {}): Promise<Setup> {
  const simulator = await startCongressSimulator({
    ...options,
    ...forEachChamber((chamber) => ({ ...both, ...options[chamber] })),
  });
  const config = configFor(simulator, both.deduplicates ?? true, configure);
  const egress = createEgress({ mode: 'direct' }, congressDestinations(config));
  return {
    simulator,
    config,
    egress,
    congress: createCongress(config, egress, { nowMs: () => Date.now() + clockOffsetMs }),
  };
}

export function configFor(
  simulator: CongressSimulator,
  deduplicates: boolean,
  configure: Partial<ConfigInput[Chamber]> = {},
): CongressConfig {
  const settings = (name: Chamber) => ({
    origin: simulator[name].origin,
    apiKeyReadableInImage: simulator[name].apiKey,
    certificateAuthorities: simulator.certificateAuthorityPem,
    deduplicates,
    minIntervalMs: 0,
    timeoutMs: 10_000,
    ...configure,
  });
  return congressConfigSchema.parse({ deliveryAgent: TEST_AGENT, ...forEachChamber(settings) });
}
