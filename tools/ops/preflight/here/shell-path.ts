import { delimiter } from 'node:path';

/** The last of the folders that npm puts in front of PATH for a script. */
const LAST_OF_NPM = /[/\\]node-gyp-bin[/\\]?$/;

/** PATH as it was in the shell in which `npm run` was typed: npm puts node_modules/.bin of this folder and of all above it in front. */
export function shellPath(path: string): string {
  const folders = path.split(delimiter);
  return folders.slice(folders.findLastIndex((folder) => LAST_OF_NPM.test(folder)) + 1).join(delimiter);
}
