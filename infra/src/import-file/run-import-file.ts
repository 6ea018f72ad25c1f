import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../config/config-error';
import { notBuilt } from '../config/stand-ins';
import type { StackOptions, Streams } from '../preview/options';
import { runProgram } from '../preview/run-program';
import { stackConfig } from '../preview/stack-config';
import { Account } from './account';
import { askAws, type AskAws } from './ask-aws';
import { fillImportFile, importFileSchema, RememberingAws, type Filled } from './fill-import-file';

export interface ImportFileOptions extends Omit<StackOptions, 'json'> {
  /** The file that `pulumi preview --import-file` wrote. */
  readonly input: string;
  readonly output: string;
  /** A file with the URNs of the resources to import, one per line; default: all. */
  readonly names?: string | undefined;
}

/**
 * Writes the ids of resources at AWS into a file for `pulumi import`. Finds them by their tags and by their names in the program. Changes
 * nothing at AWS.
 * @returns the exit code: 0 written, 1 a person has to decide or AWS does not answer, 2 wrong arguments
 */
export async function runImportFile(
  { stack, config, input, output, names }: ImportFileOptions,
  streams: Streams,
  root = resolve('.'),
  ask: AskAws = askAws,
): Promise<number> {
  let values, file, only: ReadonlySet<string> | undefined;
  try {
    ({ values } = stackConfig(root, stack, config));
    file = importFileSchema.safeParse(JSON.parse(readFileSync(input, 'utf8')));
    if (!file.success) throw new Error(`${input}: is not what \`pulumi preview --import-file\` writes`);
    if (names !== undefined) only = new Set(readFileSync(names, 'utf8').split('\n').map(typeAndName));
  } catch (error) {
    streams.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  let aws: RememberingAws | undefined;
  const StandIn = class extends RememberingAws {
    constructor(region: string, deployer?: string) {
      super(region, deployer);
      // eslint-disable-next-line @typescript-eslint/no-this-alias -- the program makes the instance, and this function reads its ids
      aws = this;
    }
  };
  try {
    const { resources } = await runProgram(stack, values, { root }, StandIn).catch((error: unknown) => {
      if (!(error instanceof ConfigError)) throw error;
      // Continue with a made-up image and release: only the ids of their own objects in the store depend on them.
      streams.err(`${error.message}\nThe ids are looked up all the same, as if the image were not built yet.\n`);
      return runProgram(stack, values, { root, standIn: notBuilt }, StandIn);
    });
    const filled = await fillImportFile(
      file.data,
      { resources, byId: aws?.byId ?? new Map(), hostedZone: values['communique-tee:hostedZone'] },
      new Account(stack, values['aws:region'] ?? '', ask),
      only,
    );
    writeFileSync(output, `${JSON.stringify(filled.file, undefined, 2)}\n`);
    streams.out(report(filled, output));
    return filled.undecided.length === 0 ? 0 : 1;
  } catch (error) {
    streams.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** `<type>::<name>` of a URN, `urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>`. */
function typeAndName(urn: string): string {
  const [, , types = '', ...name] = urn.trim().split('::');
  return `${String(types.split('$').at(-1))}::${name.join('::')}`;
}

function report({ filled, leftOut, undecided }: Filled, output: string): string {
  const listed = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  - ${line}\n`).join('')}`;
  return [
    `${String(filled)} ids are in ${output}. Ids that are names were not looked up: \`pulumi import\` stops at a name that AWS does not have.\n`,
    listed('Not imported; `pulumi up` makes it:', leftOut),
    listed('Decide about these: add each to the file with its id, or let `pulumi up` make it:', undecided),
  ].join('');
}
