// The production entry: what docker/ and the enclave image run. It knows no mock; the development entry is main.dev.ts.
import './environment/sealed-environment';
import { openNsmDevice } from '@communique-tee/nsm';
import { parseConfiguration, readConfigurationFile } from './configuration/configuration';
import { exitOnError, stopOnSignals } from './process';
import { startEnclave } from './start';

/** Part of the measured image, like this file. */
const CONFIGURATION_FILE = '/etc/communique-tee/enclave.json';

exitOnError(async () => {
  const configuration = parseConfiguration(readConfigurationFile(process.argv[2] ?? CONFIGURATION_FILE));
  stopOnSignals(await startEnclave(configuration, openNsmDevice()));
});
