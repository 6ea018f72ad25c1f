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

/** Deliveries without a pause between them, as fast as the simulator takes them. */
const DEVELOPMENT_PACE = { minIntervalMs: 0, timeoutMs: 10_000 };

export interface DevelopmentEnclaveOptions {
  /** Which of several, from 0: they share one root, as enclaves of one image share AWS's. */
  number?: number;
  /** That of the development configuration (0) unless given. */
  congressIntervalMs?: number | undefined;
  /** Whether it opens messages of the web client (legacy); default false. */
  legacySuite?: boolean | undefined;
  /** Off unless given. */
  residence?: ResidenceSettings | undefined;
  /** Without it, tasks for models are off. */
  agents?: AgentsSettings | undefined;
  /** Without a guard, the enclave's keys end with it. */
  keyGuard?: KeyGuard | undefined;
  /** Options of Node for its process. */
  nodeOptions?: readonly string[];
}

/** Where the enclave finds models. */
export interface AgentsSettings {
  /** The file in which the provider simulator describes itself. */
  readonly providersFile: string;
  /** Instead of those of the development configuration. */
  readonly classes?: readonly object[] | undefined;
  readonly limits?: object | undefined;
}

/** How proofs of residence are admitted, and whose: for the enclave's configuration and the gateway's environment alike. */
export interface ResidenceSettings {
  readonly mode: 'optional' | 'required';
  readonly registrar: {
    readonly id: string;
    /** One or two verifier keys. */
    readonly keys: readonly string[];
    readonly maxCampaignDays: number;
    /** Folder of its static files, with a slash at the end. */
    readonly filesUrl: string;
  };
}

/** The enclave's app as an ordinary process on a mock NSM. `bundle`: of its development entry. */
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

/** The development configuration at another address, with the simulator that runs now as Congress; JSON text. */
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

/** The part of these settings that goes into the enclave's configuration. */
export function measuredResidence({ mode, registrar: { id, keys, maxCampaignDays } }: ResidenceSettings): object {
  return { mode, registrar: id, keys, maxCampaignDays };
}
