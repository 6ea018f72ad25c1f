// The development entry: `npx nx serve enclave`. The same enclave on a mock NSM, whose root nobody trusts unless it is named.
import './runtime/sealed-environment';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { createMockNsmTransport, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseConfiguration } from './configuration/configuration';
import { readConfigurationFile } from './runtime/configuration-file';
import { withSimulator } from './configuration/congress-simulator';
import { exitOnError, stopOnSignals } from './runtime/process';
import { startEnclave } from './start';

const USAGE = `The enclave on a mock NSM, for development.

  --config <file>             its configuration (JSON)
  --development-root <folder> where the mock's root key is kept, made on first use (default .dev/nsm)
  --help
`;

exitOnError(async () => {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', default: 'apps/enclave/config/development.json' },
      'development-root': { type: 'string', default: '.dev/nsm' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const configuration = parseConfiguration(
    withSimulator(readConfigurationFile(values.config), dirname(resolve(values.config))),
  );
  const rootFolder = resolve(values['development-root']);
  const transport = await createMockNsmTransport({ rootFolder });
  const developmentRoot = unsafeTrustAnchorFromPem(await developmentRootPem(rootFolder));
  process.stderr.write(`Mock NSM: documents verify only under ${rootFolder}, which nobody else trusts.\n`);
  stopOnSignals(await startEnclave(configuration, transport, { developmentRoot }));
});
