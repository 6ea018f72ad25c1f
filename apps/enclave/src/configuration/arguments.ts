import { parseArgs } from 'node:util';
import { ConfigurationError } from './configuration';

export interface Arguments {
  configurationFile?: string;
  /**
   * The parent's context id as init was told it: 3 on Nitro, 2 under emulation. The measured configuration says 3, and this one value
   * may differ without being measured, because it gives nobody anything: whoever answers there is not trusted with more than to carry
   * bytes (TLS ends inside, against the configuration's own authorities), and the parent could refuse to carry them anyway.
   */
  parentCid?: 2 | 3;
}

const USAGE = 'main.js [<configuration file>] [--parent-cid=<2|3>]';

/** @throws ConfigurationError */
export function parseArguments(args: readonly string[]): Arguments {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: { 'parent-cid': { type: 'string', multiple: true } } });
  } catch {
    throw new ConfigurationError([`arguments: ${USAGE}`]);
  }
  const { values, positionals } = parsed;
  const [configurationFile, ...more] = positionals;
  const [cid, ...cids] = values['parent-cid'] ?? [];
  if (more.length > 0 || cids.length > 0) throw new ConfigurationError([`arguments: ${USAGE}`]);
  if (cid !== undefined && cid !== '2' && cid !== '3') throw new ConfigurationError(['--parent-cid: 2 or 3']);
  return { ...(configurationFile !== undefined && { configurationFile }), ...(cid !== undefined && { parentCid: cid === '2' ? 2 : 3 }) };
}
