// The walls of docs/architecture.md: who may import whom, by Nx tag, and what runs in a browser imports nothing of Node.
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const layers = [
  { sourceTag: 'scope:shared', onlyDependOnLibsWithTags: ['scope:shared'] },
  { sourceTag: 'scope:system', onlyDependOnLibsWithTags: ['scope:system', 'scope:shared'] },
  { sourceTag: 'scope:enclave', onlyDependOnLibsWithTags: ['scope:enclave', 'scope:system', 'scope:shared'] },
  { sourceTag: 'scope:gateway', onlyDependOnLibsWithTags: ['scope:gateway', 'scope:system', 'scope:shared'] },
  { sourceTag: 'scope:parent', onlyDependOnLibsWithTags: ['scope:parent', 'scope:system', 'scope:shared'] },
  { sourceTag: 'scope:page', onlyDependOnLibsWithTags: ['scope:page', 'scope:shared'] },
  { sourceTag: 'scope:infra', onlyDependOnLibsWithTags: ['scope:infra', 'scope:shared'] },
  // infra: its key policies are what the KMS simulator goes by
  { sourceTag: 'scope:dev', onlyDependOnLibsWithTags: ['scope:dev', 'scope:infra', 'scope:system', 'scope:shared'] },
];

const nodeOnly = [
  'libs/*/src/**/node.ts',
  'libs/*/src/**/*.node.ts',
  'libs/crypto/src/index.ts',
  'libs/attestation/src/index.ts',
];

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '**/.nx', '**/.dev', '**/.cache', '**/generated', '**/*.cjs', '**/*.mjs'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints: layers }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/no-extraneous-class': 'off', // Nest modules are empty classes
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      eqeqeq: 'error',
    },
  },
  {
    // What runs in a browser.
    files: ['libs/{protocol,crypto,attestation,receipts,client}/src/**/*.ts', 'apps/page/src/**/*.ts'],
    ignores: [...nodeOnly, '**/*.spec.ts', 'libs/*/src/testing/**', 'apps/page/src/testing/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ group: ['node:*'], message: 'This code runs in a browser: nothing of Node.' }],
          paths: ['crypto', 'attestation'].map((name) => ({
            name: `@communique-tee/${name}`,
            message: 'This code runs in a browser: take the /browser entry.',
          })),
        },
      ],
      'no-restricted-globals': ['error', 'process', 'Buffer', 'require', '__dirname'],
    },
  },
  {
    files: ['apps/enclave/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ group: ['ioredis', '@prisma/*', 'pg'], message: 'The enclave knows no database and no Redis.' }],
        },
      ],
    },
  },
  {
    // The development entry alone brings in the mock NSM; the production bundle starts from main.ts (a test looks into it).
    files: ['apps/enclave/src/main.dev.ts'],
    rules: { '@nx/enforce-module-boundaries': 'off' },
  },
  {
    files: ['**/*.spec.ts', '**/testing/**'],
    rules: { '@nx/enforce-module-boundaries': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
