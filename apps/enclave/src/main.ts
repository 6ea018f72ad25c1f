// The production entry of docker/ and the enclave image. It contains no mock; the development entry is main.dev.ts.
import './runtime/sealed-environment';
import { openNsmDevice } from '@communique-tee/nsm';
import { parseArguments, readParentCid, USAGE } from './configuration/arguments';
import { parseConfiguration } from './configuration/configuration';
import { readConfigurationFile } from './runtime/configuration-file';
import { withParentCid } from './egress';
import { exitOnError, stopOnSignals } from './runtime/process';
import { startEnclave } from './start';

/** Part of the measured image, like this file. */
const CONFIGURATION_FILE = '/etc/communique-tee/enclave.json';

exitOnError(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`usage: ${USAGE}\n`);
    return;
  }
  const { configurationFile = CONFIGURATION_FILE, parentCid = readParentCid() } = parseArguments(args);
  const configuration = parseConfiguration(readConfigurationFile(configurationFile));
  stopOnSignals(
    await startEnclave({ ...configuration, egress: withParentCid(configuration.egress, parentCid) }, openNsmDevice()),
  );
});
