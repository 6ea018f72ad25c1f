// The development entry: `npx nx serve enclave`. The same enclave on a mock NSM, whose root nobody trusts unless it is named.
import './environment/sealed-environment';
import { createMockNsmTransport } from '@communique-tee/nsm-mock';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseConfiguration, readConfigurationFile } from './configuration/configuration';
import { createLog } from './log/log';
import { exitOnError, stopOnSignals } from './process';
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
  const configuration = parseConfiguration(withAuthorities(readConfigurationFile(values.config), dirname(resolve(values.config))));
  const transport = await createMockNsmTransport({ rootFolder: resolve(values['development-root']) });
  process.stderr.write(`Mock NSM: documents verify only under ${resolve(values['development-root'])}, which nobody else trusts.\n`);
  stopOnSignals(await startEnclave(configuration, transport));
});

/**
 * Development files may name a chamber's authority by file (`certificateAuthoritiesFile`), since the Congress simulator makes one
 * on first use. Where it is not there yet, deliveries stay pending with `certificate_refused` until it is.
 */
function withAuthorities(value: unknown, folder: string): unknown {
  if (!isRecord(value) || !isRecord(value['congress'])) return value;
  const congress = { ...value['congress'] };
  for (const chamber of ['house', 'senate']) {
    const settings = congress[chamber];
    if (!isRecord(settings) || typeof settings['certificateAuthoritiesFile'] !== 'string') continue;
    const { certificateAuthoritiesFile, ...rest } = settings;
    const file = resolve(folder, String(certificateAuthoritiesFile));
    if (existsSync(file)) congress[chamber] = { ...rest, certificateAuthorities: readFileSync(file, 'utf8') };
    else {
      createLog().write('warn', 'congress_authority_missing', { chamber });
      congress[chamber] = rest;
    }
  }
  return { ...value, congress };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
