import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { errorCode } from '../egress';
import { ConfigurationError } from '../runtime/configuration-file';

/** Only the image's init (image/init) can write this file. */
export const PARENT_CID_FILE = '/run/enclave/parent-cid';

export interface Arguments {
  configurationFile?: string;
  /**
   * The parent's vsock context id, which init passes: 3 on Nitro, 2 under emulation. It replaces the id 3 in the measured configuration. It
   * is the only setting that is not measured. An attacker gains nothing by changing it: the peer at that id only carries bytes. The enclave
   * ends TLS itself and trusts only the configured authorities.
   */
  parentCid?: 2 | 3;
}

/**
 * Returns the value that init wrote, or undefined if the file does not exist, for example when the enclave is started by hand.
 *
 * @throws ConfigurationError
 */
export function readParentCid(file: string = PARENT_CID_FILE): 2 | 3 | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new ConfigurationError([`${file} cannot be read`]);
  }
  if (text === '2\n') return 2;
  if (text === '3\n') return 3;
  throw new ConfigurationError([`${file}: must contain 2 or 3, and a newline`]);
}

export const USAGE = 'main.js [<configuration file>] [--parent-cid=<2|3>]';

/** @throws ConfigurationError */
export function parseArguments(args: readonly string[]): Arguments {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { 'parent-cid': { type: 'string', multiple: true } },
    });
  } catch {
    throw new ConfigurationError([`arguments: ${USAGE}`]);
  }
  const { values, positionals } = parsed;
  const [configurationFile, ...more] = positionals;
  const [cid, ...cids] = values['parent-cid'] ?? [];
  if (more.length > 0 || cids.length > 0) throw new ConfigurationError([`arguments: ${USAGE}`]);
  if (cid !== undefined && cid !== '2' && cid !== '3') throw new ConfigurationError(['--parent-cid: 2 or 3']);
  return {
    ...(configurationFile !== undefined && { configurationFile }),
    ...(cid !== undefined && { parentCid: cid === '2' ? 2 : 3 }),
  };
}
