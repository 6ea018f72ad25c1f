import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, pass, type Check } from '../check';

/** The Node that this repository is built and tested with. */
export const node: Check = {
  name: 'node',
  title: 'Node is as new as package.json asks',
  group: 'here',
  network: false,
  async run({ ports: { root, nodeVersion } }) {
    const wanted = /"node":\s*">=(\d+)"/.exec(await readFile(join(root, 'package.json'), 'utf8'))?.[1] ?? '24';
    const todo = `run it as npm run ops -- preflight after npm ci, which brings Node ${wanted}`;
    return Number(nodeVersion.split('.')[0]) >= Number(wanted)
      ? pass(nodeVersion)
      : fail(`${nodeVersion}, and ${wanted} is needed`, todo);
  },
};
