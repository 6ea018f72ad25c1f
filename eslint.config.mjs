// Who may import whom (docs/architecture.md), by Nx tag, for production code and for tests; and what runs in a browser imports nothing of Node.
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { ceilings } from './apps/gateway/floors.mjs';

const production = {
  'scope:shared': ['scope:shared'],
  'scope:system': ['scope:system', 'scope:shared'],
  'scope:enclave': ['scope:enclave', 'scope:system', 'scope:shared'],
  // What a deployment checks before anything exists is what the gateway reads at its start.
  'scope:gateway-environment': ['scope:system', 'scope:shared'],
  'scope:gateway': ['scope:gateway', 'scope:gateway-environment', 'scope:system', 'scope:shared'],
  'scope:parent': ['scope:parent', 'scope:system', 'scope:shared'],
  'scope:page': ['scope:page', 'scope:shared'],
  'scope:infra': ['scope:infra', 'scope:gateway-environment', 'scope:shared'],
  'scope:testing': ['scope:testing', 'scope:system', 'scope:shared'],
  // The simulators, the whole-system tests and the tools. The KMS simulator obeys the key policies that infra renders.
  'scope:dev': [
    'scope:dev',
    'scope:testing',
    'scope:infra',
    'scope:gateway-environment',
    'scope:system',
    'scope:shared',
  ],
};
/** What specs and testing/ folders may import beside that. */
const specs = {
  'scope:shared': ['scope:system', 'scope:testing'],
  'scope:system': ['scope:testing'],
  'scope:enclave': ['scope:testing', 'scope:dev', 'scope:infra'],
  'scope:gateway-environment': ['scope:testing'],
  'scope:gateway': ['scope:testing'],
  'scope:parent': ['scope:testing'],
  'scope:page': ['scope:testing'],
  'scope:infra': ['scope:testing'],
  'scope:testing': [],
  'scope:dev': [],
};

/**
 * `apps`: aliases of apps whose modules may be imported one by one, which Nx otherwise refuses. The laboratory's own attacks import it as
 * those of outside researchers do.
 *
 * @returns {['error', object]}
 */
function boundaries(beside = {}, apps = []) {
  const depConstraints = Object.entries(production).map(([sourceTag, tags]) => ({
    sourceTag,
    onlyDependOnLibsWithTags: [...tags, ...(beside[sourceTag] ?? [])],
  }));
  return [
    'error',
    {
      allow: apps.map((app) => `@communique-tee/${app}/**`).concat('@communique-tee/lab'),
      depConstraints,
      // The command line loads the prover when it proves. Other tools import from the same libraries at their start.
      checkDynamicDependenciesExceptions: ['residence', 'client'].flatMap((name) => [
        `@communique-tee/${name}`,
        `@communique-tee/${name}/**`,
      ]),
    },
  ];
}

const tests = ['**/*.spec.ts', '**/testing/**/*.ts', 'test/lab/attacks/*.ts'];

const noTestDoubles = {
  regex: String.raw`^(\.{1,2}/(.*/)?|@communique-tee/[a-z-]+/)testing(/|$)`,
  message: 'Test doubles stay out of production code.',
};
const noNode = { group: ['node:*'], message: 'This code runs in a browser: nothing of Node.' };
const noDatabase = { group: ['ioredis', '@prisma/*', 'pg'], message: 'The enclave knows no database and no Redis.' };
const browserEntries = ['crypto', 'attestation', 'enclave-identity'].map((name) => ({
  name: `@communique-tee/${name}`,
  message: 'This code runs in a browser: take the /browser entry.',
}));
/** @returns {['error', object]} */
const restrict = (patterns, paths = []) => ['error', { patterns, paths }];

const nodeOnly = [
  'libs/*/src/**/node.ts',
  'libs/*/src/**/*.node.ts',
  'libs/residence/src/{prover,verifier}/index.ts',
  'libs/crypto/src/index.ts',
  'libs/attestation/src/index.ts',
  'libs/enclave-identity/src/index.ts',
];

/** TextDecoder drops U+FEFF at the start unless it is told not to; then two byte strings have one text. */
const exactText = {
  selector:
    "NewExpression[callee.name='TextDecoder']:not([arguments.0.value='latin1']):not(:has(Property[key.name='ignoreBOM'][value.value=true]))",
  message: 'Pass { ignoreBOM: true }, or take decodeUtf8 of libs/protocol: one byte string has one text.',
};

/** @type {['error', object]} */
const unusedVariables = ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }];

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '**/.nx', '**/.dev', '**/.cache', '**/generated'] },
  // Its types are generated when main-job.integration.spec.ts checks it.
  { ignores: ['test/e2e/src/generated-client/send-message.ts'] },
  {
    files: ['**/*.{mjs,cjs}'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic],
    rules: {
      '@typescript-eslint/no-require-imports': 'off', // .cjs is CommonJS
      '@typescript-eslint/no-unused-vars': unusedVariables,
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(),
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/no-extraneous-class': 'off', // Nest modules are empty classes
      '@typescript-eslint/no-unused-vars': unusedVariables,
      eqeqeq: 'error',
    },
  },
  {
    files: ['{apps,libs,infra}/**/*.{ts,tsx}'],
    ignores: [...tests, 'libs/testing/**'],
    rules: { 'no-restricted-imports': restrict([noTestDoubles]) },
  },
  {
    // What runs in a browser.
    files: [
      'libs/{protocol,crypto,attestation,enclave-identity,agents,receipts,transparency,residence,client}/src/**/*.ts',
      'apps/page/src/**/*.{ts,tsx}',
    ],
    ignores: [...nodeOnly, ...tests],
    rules: {
      'no-restricted-imports': restrict([noTestDoubles, noNode], browserEntries),
      'no-restricted-globals': ['error', 'process', 'Buffer', 'require', '__dirname'],
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    rules: { 'no-restricted-syntax': ['error', exactText] },
  },
  {
    // One place decodes the key binding, and always compares the key id with the key.
    files: ['**/*.{ts,tsx}'],
    ignores: ['libs/protocol/src/enclave/*.ts', 'libs/enclave-identity/src/checks/key-binding.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        exactText,
        {
          selector: "Identifier[name='decodeKeyBinding']",
          message: 'Take the keys from libs/enclave-identity, which compares the key id with the key.',
        },
      ],
    },
  },
  // The floors of the gateway. Specs start all of it.
  ...ceilings.map(({ files, regex, message }) => ({
    files: [files],
    ignores: tests,
    rules: { 'no-restricted-imports': restrict([noTestDoubles, { regex, message }]) },
  })),
  {
    files: ['apps/enclave/**/*.ts'],
    ignores: tests,
    rules: { 'no-restricted-imports': restrict([noTestDoubles, noDatabase]) },
  },
  {
    // Only the development entry imports the mock NSM; the production bundle starts from main.ts (a test looks into it).
    files: ['apps/enclave/src/main.dev.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries({ 'scope:enclave': ['scope:testing'] }) },
  },
  {
    files: tests,
    rules: {
      '@nx/enforce-module-boundaries': boundaries(specs),
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // Whole-system tests and the bench look inside the apps; infra's specs hold its files against what the apps read.
    files: ['{test,tools}/**/*.ts', 'infra/**/*.spec.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries(specs, ['enclave', 'gateway', 'page', 'parent']) },
  },
);
