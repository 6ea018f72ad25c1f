import { resolve } from 'node:path';
import * as z from 'zod';
import { parseAddressOnly } from '../config/address-only';
import { ConfigError } from '../config/config-error';
import { parseSettings } from '../config/parse-settings';
import type { PreviewOptions, Streams } from './options';
import { asLines, describe } from './describe';
import { runProgram } from './run-program';
import { stackConfig } from './stack-config';
import { notBuilt } from '../config/stand-ins';

/** @returns the exit code: 0 the configuration works, 1 it cannot work, 2 wrong arguments */
export async function runPreview(given: PreviewOptions, streams: Streams, root = resolve('.')): Promise<number> {
  let config;
  try {
    config = stackConfig(root, given.stack, given.config);
  } catch (error) {
    streams.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  try {
    const { resources, outputs } = await runProgram(given.stack, config.values, {
      root,
      previewing: true,
      ...(given.withoutImage && { standIn: notBuilt }),
    });
    const described = describe(resources);
    const notHere = given.withoutImage ? [] : filesNotHere(given.stack, config.values, root);
    if (given.json) {
      streams.out(
        `${JSON.stringify({ stack: given.stack, imageIsMadeUp: given.withoutImage, notHere, standIns: config.hidden, resources: described, outputs }, undefined, 2)}\n`,
      );
      return 0;
    }
    streams.out(asLines(described));
    streams.out(
      `\n${described.length} resources in stack ${given.stack}; nothing was created. Ids and addresses are made up.\n`,
    );
    const administrators = administratorsIn(outputs);
    if (administrators.length > 0)
      streams.out(
        `Only these may change the keys’ policies, and so run \`pulumi up\`: ${administrators.join(', ')}. CI and a second deployer need a place among keyAdministrators.\n`,
      );
    if (given.withoutImage) streams.out('No image was read: the measurements above are placeholders.\n');
    if (notHere.length > 0)
      streams.out(
        `Previewed from measurements.json; \`pulumi up\` refuses until these are here:\n${notHere.map((each) => `  - ${each}\n`).join('')}`,
      );
    if (config.hidden.length > 0)
      streams.out(`Not checked, because they are encrypted or not set: ${config.hidden.join(', ')}\n`);
    streams.out(`\nOutputs:\n${JSON.stringify(outputs, undefined, 2)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    streams.err(`${error.message}\n`);
    return 1;
  }
}

/** Missing files, for which `pulumi up` would refuse a configuration that a preview accepts. */
function filesNotHere(stack: string, values: Readonly<Record<string, string>>, root: string): readonly string[] {
  try {
    if (parseAddressOnly(stack, values) === undefined) parseSettings(stack, values, { root });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

const administratorsIn = ({ keys }: Record<string, unknown>): string[] =>
  z.object({ administrators: z.array(z.string()) }).safeParse(keys).data?.administrators ?? [];
