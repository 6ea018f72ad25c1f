// Creates the files that the containers of compose.yaml's profile `development` share: the mock NSM's root, the key that signs tokens, the
// enclave's configuration. Each run prints a token that is valid for an hour. Later runs keep the root and the key.
import { CommandLine, EXIT_CODES, writableFolder } from '@communique-tee/command-line';
import { developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { createTokenIssuer } from '@communique-tee/identity-simulator/tokens';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const line = new CommandLine(
  'node tools/run.mjs tools/dev/docker/development-setup.ts',
  'Makes the files that the containers of the profile development share, and prints a token that is valid for an hour.',
);
line.program
  .option('--folder <folder>', 'where the files are kept', '/state')
  .option('--subject <name>', 'the user that the token names', 'developer')
  .addHelpText('after', EXIT_CODES)
  .action(line.run(setUp));
process.exitCode = await line.parse(process.argv.slice(2));

async function setUp({
  folder: state,
  subject,
}: {
  readonly folder: string;
  readonly subject: string;
}): Promise<number> {
  // Only the mock enclave and the simulator read the private folder. The gateway reads the shared folder.
  const privateFolder = writableFolder('--folder', join(state, 'private'), 0o700);
  const sharedFolder = writableFolder('--folder', join(state, 'shared'), 0o700);

  const development = z
    .looseObject({})
    .parse(JSON.parse(await readFile('apps/enclave/config/development.json', 'utf8')));
  const configuration = {
    ...development,
    listen: `unix:${join(sharedFolder, 'enclave.sock')}`,
    congressSimulator: join(privateFolder, 'congress', 'congress.json'),
    providersSimulator: join(privateFolder, 'providers', 'providers.json'),
  };
  await replace(join(privateFolder, 'enclave.json'), `${JSON.stringify(configuration, null, 2)}\n`);
  await replace(join(sharedFolder, 'development-root.pem'), await developmentRootPem(join(privateFolder, 'nsm')));
  const issuer = await createTokenIssuer(privateFolder);
  await replace(join(sharedFolder, 'jwks.json'), await readFile(issuer.jwksFile, 'utf8'));
  process.stdout.write(`${await issuer.token(subject)}\n`);
  return 0;
}

/** Writes atomically, because a running gateway reads these files. */
async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
