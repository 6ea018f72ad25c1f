// The development entry, which `npx nx serve enclave` builds and starts: the same enclave on a mock NSM. A client trusts the mock's root
// only if it is configured to.
import './runtime/sealed-environment';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { connectNsm, createMockNsmTransport, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { connect } from '@communique-tee/vsock';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseConfiguration } from './configuration/configuration';
import { readConfigurationFile } from './runtime/configuration-file';
import { withSimulator } from './configuration/congress-simulator';
import { withProvidersSimulator } from './configuration/providers-simulator';
import type { ConnectVsock } from './egress';
import { exitOnError, stopOnSignals } from './runtime/process';
import { startEnclave } from './start';

const USAGE = `usage: node dist/apps/enclave/main.dev.js [options]: the enclave on a mock NSM, for development.
"npx nx serve enclave [options]" builds it, starts it with the same options, and starts it again when a source changes.

  --config <file>              its configuration (JSON; default: apps/enclave/config/development.json)
  --development-root <folder>  where the mock's root key is kept, made on first use (default: .dev/nsm)
  --nsm <socket>               ask the NSM that another process serves at this unix socket (test/lab)
  --vsock <path>               reach port N of the parent at the unix socket <path>_N (test/lab)
  --help                       print this help

Exit code
  2   an argument was not understood: the error names it, and --help lists the arguments
  78  its configuration cannot be used; "nx serve" then waits for a changed source
`;

exitOnError(async () => {
  const { config, 'development-root': root, nsm, vsock, help } = readArguments();
  if (help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const folder = dirname(resolve(config));
  const configuration = parseConfiguration(
    withProvidersSimulator(withSimulator(readConfigurationFile(config), folder), folder),
  );
  const rootFolder = resolve(root);
  const transport = nsm === undefined ? await createMockNsmTransport({ rootFolder }) : connectNsm(nsm);
  const developmentRoot = unsafeTrustAnchorFromPem(await developmentRootPem(rootFolder));
  process.stderr.write(
    `Mock NSM: documents verify only under the root in ${rootFolder}, which a client trusts only if it is configured to.\n`,
  );
  stopOnSignals(
    await startEnclave(configuration, transport, {
      developmentRoot,
      ...(vsock !== undefined && { connectVsock: throughSockets(vsock) }),
    }),
  );
});

function throughSockets(path: string): ConnectVsock {
  return (address, options) =>
    connect(address.kind === 'vsock' ? { kind: 'unix', path: `${path}_${String(address.port)}` } : address, options);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        config: { type: 'string', default: 'apps/enclave/config/development.json' },
        'development-root': { type: 'string', default: '.dev/nsm' },
        nsm: { type: 'string' },
        vsock: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}
