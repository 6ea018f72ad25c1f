// Limits imports by Nx tag (docs/architecture.md). Tests may import more than production code. Code for browsers must not use Node's modules.
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { ceilings } from './apps/gateway/floors.mjs';

const production = {
  'scope:shared': ['scope:shared'],
  'scope:system': ['scope:system', 'scope:shared'],
  'scope:enclave': ['scope:enclave', 'scope:system', 'scope:shared'],
  // The rules for the gateway's environment variables. The gateway applies them at its start, and infra before a deployment.
  'scope:gateway-environment': ['scope:system', 'scope:shared'],
  'scope:gateway': ['scope:gateway', 'scope:gateway-environment', 'scope:system', 'scope:shared'],
  'scope:parent': ['scope:parent', 'scope:system', 'scope:shared'],
  'scope:page': ['scope:page', 'scope:shared'],
  'scope:infra': ['scope:infra', 'scope:gateway-environment', 'scope:shared'],
  'scope:testing': ['scope:testing', 'scope:system', 'scope:shared'],
  // The simulators, the whole-system tests and the tools.
  'scope:dev': [
    'scope:dev',
    'scope:testing',
    'scope:infra',
    'scope:gateway-environment',
    'scope:system',
    'scope:shared',
  ],
};
/** Tags that specs and testing/ folders may import in addition. */
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
 * `apps`: the apps whose single modules may be imported; Nx otherwise refuses this. The laboratory's own attacks import
 * `@communique-tee/lab` by its alias, as the attacks of outside researchers do.
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
      // The command line imports these libraries only when it proves, and other tools import them statically. The rule would refuse the mix.
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
const noNode = { group: ['node:*'], message: 'This code runs in a browser, which has none of Node’s modules.' };
const noDatabase = { group: ['ioredis', '@prisma/*', 'pg'], message: 'The enclave uses no database and no Redis.' };
const browserEntries = ['crypto', 'attestation', 'enclave-identity'].map((name) => ({
  name: `@communique-tee/${name}`,
  message: 'This code runs in a browser: import the /browser entry.',
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

/** By default TextDecoder drops U+FEFF at the start, so two different byte strings would have the same text. */
const exactText = {
  selector:
    "NewExpression[callee.name='TextDecoder']:not([arguments.0.value='latin1']):not(:has(Property[key.name='ignoreBOM'][value.value=true]))",
  message: 'Pass { ignoreBOM: true }, or use decodeUtf8 of libs/protocol: different bytes must not have the same text.',
};

/** @type {['error', object]} */
const unusedVariables = ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }];

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '**/.nx', '**/.dev', '**/.cache', '**/generated'] },
  // Imports types that do not exist until main-job.integration.spec.ts generates them.
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
    // Code for browsers.
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
    // Only key-binding.ts decodes the key binding, because it also compares the key id with the key.
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
  // The floors of the gateway. Specs may import from every floor.
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
    // Only the development entry may import the mock NSM. The production bundle starts from main.ts.
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
    // Whole-system tests and tools import modules of the apps. So do infra's specs, which compare its files with what the apps read.
    files: ['{test,tools}/**/*.ts', 'infra/**/*.spec.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries(specs, ['enclave', 'gateway', 'page', 'parent']) },
  },
);
