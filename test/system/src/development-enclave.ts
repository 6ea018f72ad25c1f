import { developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { forEachChamber } from '@communique-tee/protocol';
import { freePort, spawnService, workspaceRoot } from '@communique-tee/testing/harness';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { KeyGuard } from './key-guard';
import type { EnclaveProvider, EnclaveSurroundings } from './enclave-provider';

const developmentSchema = z.looseObject({
  services: z.looseObject({ congress: z.looseObject({}), agents: z.looseObject({}) }),
});

/** No pause between deliveries, so that they go as fast as the simulator accepts them. */
const DEVELOPMENT_PACE = { minIntervalMs: 0, timeoutMs: 10_000 };

export interface DevelopmentEnclaveOptions {
  /** The number of this enclave, from 0. Several enclaves share one root of the mock NSM, as real enclaves share the AWS root. */
  number?: number;
  /** The interval between deliveries to each chamber; by default 0. */
  congressIntervalMs?: number | undefined;
  /** Whether the enclave opens messages of the web client (legacy); by default false. */
  legacySuite?: boolean | undefined;
  /** By default proofs of residence are off. */
  residence?: ResidenceSettings | undefined;
  /** Without these settings, tasks for models are off. */
  agents?: AgentsSettings | undefined;
  /** Without a key guard, the enclave's keys end with its process. */
  keyGuard?: KeyGuard | undefined;
  /** Options of Node for the enclave's process. */
  nodeOptions?: readonly string[];
}

/** How the enclave reaches models. */
export interface AgentsSettings {
  /** The file in which the provider simulator describes itself. */
  readonly providersFile: string;
  /** Model classes in place of those in the development configuration. */
  readonly classes?: readonly object[] | undefined;
  readonly limits?: object | undefined;
}

/**
 * Which proofs of residence enclave and gateway accept, and from which registrar. The enclave's configuration and the gateway's environment
 * are made from these settings.
 */
export interface ResidenceSettings {
  readonly mode: 'optional' | 'required';
  readonly registrar: {
    readonly id: string;
    /** One or two verifier keys. */
    readonly keys: readonly string[];
    readonly maxCampaignDays: number;
    /** URL of the folder of the registrar's files, with a slash at the end. */
    readonly filesUrl: string;
  };
}

/**
 * Returns a provider that runs the enclave's app as an ordinary process on a mock NSM.
 * @param bundle the file of the development bundle
 */
export async function developmentEnclave(
  bundle: string,
  { folder, logFolder, congressFile }: EnclaveSurroundings,
  options: DevelopmentEnclaveOptions = {},
): Promise<EnclaveProvider> {
  const address = `tcp:127.0.0.1:${await freePort()}`;
  const { number = 0 } = options;
  const name = number === 0 ? 'enclave' : `enclave-${String(number + 1)}`;
  const configurationFile = join(folder, `${name}.json`);
  await writeFile(configurationFile, await developmentConfiguration(address, congressFile, options));
  const rootFolder = join(folder, 'nsm');
  return {
    address,
    rootPem: await developmentRootPem(rootFolder),
    pcr0: developmentMeasurements.pcr0,
    pcr3: developmentMeasurements.pcr3,
    start: () =>
      spawnService({
        command: process.execPath,
        args: [...(options.nodeOptions ?? []), bundle, '--config', configurationFile, '--development-root', rootFolder],
        env: {},
        readyWhen: /enclave_listening/,
        logFile: join(logFolder, `${name}.log`),
      }),
  };
}

/** Returns the development configuration as JSON text, with another address to listen on and the running simulator as Congress. */
export async function developmentConfiguration(
  listen: string,
  congressSimulator: string,
  { agents, congressIntervalMs: minIntervalMs, keyGuard, legacySuite, residence }: DevelopmentEnclaveOptions = {},
): Promise<string> {
  const { providersSimulator: _usual, ...development } = developmentSchema.parse(
    JSON.parse(await readFile(join(workspaceRoot(), 'apps/enclave/config/development.json'), 'utf8')),
  );
  const paced = { ...DEVELOPMENT_PACE, ...(minIntervalMs === undefined ? {} : { minIntervalMs }) };
  const congress = { ...development.services.congress, ...forEachChamber(() => paced) };
  const { agents: usual, ...services } = development.services;
  const plain = {
    ...development,
    services: { ...services, congress, ...(agents && { agents: { ...usual, ...withoutUndefined(agents) } }) },
    listen,
    congressSimulator,
    ...(agents && { providersSimulator: agents.providersFile }),
    ...(legacySuite === undefined ? {} : { legacySuite }),
    ...(residence === undefined ? {} : { residence: measuredResidence(residence) }),
  };
  return `${JSON.stringify(keyGuard?.configure(plain) ?? plain, null, 2)}\n`;
}

function withoutUndefined({ classes, limits }: AgentsSettings): object {
  return { ...(classes && { classes }), ...(limits && { limits }) };
}

/** Returns the part of these settings that goes into the enclave's configuration. */
export function measuredResidence({ mode, registrar: { id, keys, maxCampaignDays } }: ResidenceSettings): object {
  return { mode, registrar: id, keys, maxCampaignDays };
}
