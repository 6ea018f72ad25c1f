// Leaves out of the enclave's bundle the packages that the enclave never loads. Each is required only inside a function that the enclave
// does not call. If the enclave did load one, an error with the package's name would be thrown.
// apps/enclave/src/production-bundle.integration.spec.ts checks the contents of the bundle.
import { resolve } from 'node:path';

/** By package: the only code that loads it, and why the enclave does not call that code. */
export const NEVER_LOADED = {
  '@fastify/static': 'Nest: app.useStaticAssets(); the enclave serves no files',
  '@fastify/cors': 'Nest: app.enableCors(); no browser reaches the enclave',
  'light-my-request': 'Fastify: inject(), for tests',
  pino: 'Fastify: the option `logger`; the enclave has a log of its own, with a fixed list of fields',
  '@fastify/ajv-compiler': 'Fastify: its validator; the enclave gives Fastify no schemas (runtime/server.ts)',
  '@fastify/fast-json-stringify-compiler':
    'Fastify: its serializer; the enclave gives Fastify no schemas (runtime/server.ts)',
};

/** Packages that esbuild cannot tree-shake in their CommonJS form, with the path of the same code as ES modules. */
const ES_MODULES = {
  rxjs: 'rxjs/dist/esm/index.js',
  'rxjs/operators': 'rxjs/dist/esm/operators/index.js',
  '@smithy/signature-v4': '@smithy/signature-v4/dist-es/index.js',
};

const exactly = (names) => new RegExp(`^(?:${names.map((name) => name.replace(/[/.]/g, '\\$&')).join('|')})$`);

/** @param {{ root: string }} place */
export function neverLoaded({ root }) {
  return {
    name: 'never-loaded',
    setup(build) {
      build.onResolve({ filter: exactly(Object.keys(NEVER_LOADED)) }, ({ path, kind }) => {
        if (kind === 'import-statement')
          return { errors: [{ text: `${path} is imported at start; take it off the list in never-loaded.mjs` }] };
        return { path, namespace: 'never-loaded' };
      });
      build.onLoad({ filter: /.*/, namespace: 'never-loaded' }, ({ path }) => ({
        contents: `throw new Error(${JSON.stringify(`${path} is left out of this bundle (tools/dev/build/plugins/never-loaded.mjs)`)});`,
        loader: 'js',
      }));
      build.onResolve({ filter: exactly(Object.keys(ES_MODULES)) }, ({ path }) => ({
        path: resolve(root, 'node_modules', ES_MODULES[path]),
        sideEffects: false,
      }));
    },
  };
}
