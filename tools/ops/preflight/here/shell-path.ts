import { delimiter } from 'node:path';

/** The last folder of those that npm puts in front of PATH for a script. */
const LAST_OF_NPM = /[/\\]node-gyp-bin[/\\]?$/;

/** PATH without what `npm run` puts in front: node_modules/.bin of the current folder and of every folder above, and node-gyp-bin. */
export function shellPath(path: string): string {
  const folders = path.split(delimiter);
  return folders.slice(folders.findLastIndex((folder) => LAST_OF_NPM.test(folder)) + 1).join(delimiter);
}
