import { describeWith, workspaceRoot } from '@communique-tee/testing/harness';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Adds a fictional third chamber as a contributor would: a row in each of the two tables (and in the two example configurations).
// Everything else, from the enclave to preflight, must follow.
jest.mock('../../../libs/protocol/src/congress/chambers', () => {
  const actual = jest.requireActual<{ CHAMBERS: Record<string, object>; CHAMBER_KEYS: string[] }>(
    '../../../libs/protocol/src/congress/chambers',
  );
  actual.CHAMBERS['commons'] = {
    name: 'Commons',
    office: /^C[A-Z]{2}[0-9]{2}$/,
    officeForm: 'C, state, two digits, as CCA01',
    offices: (state: string) => [`C${state}01`],
    production: { origin: 'https://cwc.commons.example', messagePath: '/messages' },
    test: { origin: 'https://uat.commons.example', messagePath: '/messages' },
    vendorContact: null,
  };
  actual.CHAMBER_KEYS.push('commons');
  return actual;
});
jest.mock('../../congress/src/chambers', () => {
  const actual = jest.requireActual<{
    SIMULATED_CHAMBERS: Record<string, object>;
    SIMULATED_CHAMBER_KEYS: string[];
  }>('../../congress/src/chambers');
  actual.SIMULATED_CHAMBERS['commons'] = {
    memberOffice: 'C[A-Z][A-Z][0-9][0-9]',
    offices: ['CCA01'],
    paths: { '/messages': 'message' },
    messagePath: '/messages',
  };
  actual.SIMULATED_CHAMBER_KEYS.push('commons');
  return actual;
});

import { prepare, startEnclaveFixture, type EnclaveFixture } from '@communique-tee/enclave/testing/enclave-fixture';
import { CHAMBER_KEYS } from '@communique-tee/protocol';
import { sharedSeats } from '@communique-tee/page/write/seats';
import { ENCLAVE_SECRETS } from '@communique-tee/infra-commands';
import { chamberChecks } from '@communique-tee/tools/ops/preflight/congress/check-chamber';

describe('a chamber that was added to the tables', () => {
  let fixture: EnclaveFixture;
  beforeAll(async () => {
    fixture = await startEnclaveFixture();
  });
  afterAll(() => fixture.stop());

  it('gets messages from the enclave through its own server', async () => {
    const prepared = await prepare(fixture, { offices: ['HCA12', 'CCA01', 'SCA01'] });
    const { opened } = await fixture.relayed(prepared);
    expect(opened.offices.map(({ office, outcome }) => [office, outcome])).toEqual([
      ['HCA12', 'accepted'],
      ['CCA01', 'accepted'],
      ['SCA01', 'accepted'],
    ]);
    expect(fixture.congress.received().map(({ chamber, office }) => [chamber, office])).toContainEqual([
      'commons',
      'CCA01',
    ]);
  });

  it('is known to the page, to preflight and to the stack’s settings', () => {
    expect(CHAMBER_KEYS).toContain('commons');
    expect(sharedSeats('CA')).toContainEqual(
      expect.objectContaining({ code: 'CCA01', kind: 'chamber', chamber: 'Commons' }),
    );
    expect(chamberChecks.map(({ name, title }) => [name, title])).toContainEqual([
      'commons',
      expect.stringContaining('the Commons answers'),
    ]);
    expect(ENCLAVE_SECRETS).toContain('cwc-commons');
  });
});

/** The only files that name a chamber by its key (CONTRIBUTING.md, "How to add a chamber"). */
const TABLES = [
  'apps/enclave/config/example.json',
  'apps/enclave/config/example.production.json',
  'libs/protocol/src/congress/chambers.ts',
  'test/congress/src/chambers.ts',
  // Two presets are about one chamber
  'test/congress/src/outcomes/presets.ts',
];

const hasGit = spawnSync('git', ['rev-parse'], { cwd: workspaceRoot() }).status === 0;

describeWith(
  hasGit ? { available: true } : { available: false, reason: 'no checkout of git' },
  'the repository',
  () => {
    it('names chambers only in five files, apart from specs, attacks and texts that give an example', () => {
      const { stdout } = spawnSync('git', ['ls-files', '*.ts', '*.mjs', '*.tsx', '*.json', '*.yaml'], {
        cwd: workspaceRoot(),
        encoding: 'utf8',
      });
      const sources = stdout
        .split('\n')
        .filter(
          (file) =>
            file !== '' &&
            !/\.spec\.ts$|\/testing\/|-examples\.ts$|^test\/e2e\/src\/page\/|^docs\/openapi\.json$|^test\/lab\//.test(
              file,
            ),
        );
      const named = sources.filter((file) => {
        const code = readFileSync(join(workspaceRoot(), file), 'utf8').replace(/\/\*[\s\S]*?\*\/|https?:\S+/g, '');
        return /\bhouse\b['"]?:|['"]house['"]|\.house\b(?!\.gov)/.test(code);
      });
      expect(named).toEqual(TABLES);
    });
  },
);
