import { isBuiltin } from 'node:module';
import { Script } from 'node:vm';
import { handlePotentialSyntaxError, type ScriptTransformer, type TransformResult } from '@jest/transform';
import JestRuntime from 'jest-runtime';

import { isShared, requirePackage } from './shared-packages';

type Options = Parameters<JestRuntime['requireModule']>[2];

/** The private parts of jest's runtime that we need. Jest's version is pinned, and worker-runtime.integration.spec.ts tests them all. */
interface Private {
  readonly _resolution: { resolveCjs(from: string, moduleName: string): string };
  readonly executor: {
    injectedModuleParameters: readonly string[];
    compile(source: string, filename: string): (...args: unknown[]) => void;
    dynamicImport(specifier: string, filename: string, context: undefined, attributes: unknown): Promise<never>;
  };
  readonly esmLoader: { getContext(): undefined };
}

/**
 * Jest's runtime with two changes, which save a third of the CPU time of all tests. Packages are loaded once per worker
 * (shared-packages.ts), and each of our source files is compiled once per worker. Our files still run once per spec file, so spec files do
 * not share their state. This runtime needs WorkerEnvironment, which has no vm context.
 */
export class WorkerRuntime extends JestRuntime {
  constructor(...args: ConstructorParameters<typeof JestRuntime>) {
    super(...args);
    const { executor, esmLoader } = this as unknown as Private;
    transformOnce(args[3]);
    executor.compile = (source, filename) => compile(executor, source, filename);
    esmLoader.getContext = () => undefined;
  }

  override requireModule<T = unknown>(
    from: string,
    moduleName?: string,
    options?: Options,
    isRequireActual = false,
  ): T {
    if (moduleName !== undefined && !isBuiltin(moduleName)) {
      const file = (this as unknown as Private)._resolution.resolveCjs(from, moduleName);
      if (isShared(file)) return requirePackage(file) as T;
    }
    return super.requireModule<T>(from, moduleName, options, isRequireActual);
  }
}

// Jest replaces getBuiltinModule on its copy of `process`. This runtime uses the real `process`, which must keep its function.
Reflect.defineProperty(WorkerRuntime.prototype, 'installGetBuiltinModule', { value: () => undefined });

const transformed = new Map<string, TransformResult>();

/** Makes jest transform each file once. By default jest transforms a file for each project, and reads the result again for each spec file. */
function transformOnce(transformer: ScriptTransformer): void {
  const transform = transformer.transform.bind(transformer);
  transformer.transform = (filename, options, source) => {
    const known = transformed.get(filename);
    if (known !== undefined && known.originalCode === source && !options.collectCoverage) return known;
    const result = transform(filename, options, source);
    if (!options.collectCoverage) transformed.set(filename, result);
    return result;
  };
}

const compiled = new Map<string, { source: string; script: Script }>();
let running: Private['executor'] | undefined;

function compile(executor: Private['executor'], source: string, filename: string) {
  running = executor;
  let known = compiled.get(filename);
  if (known?.source !== source) {
    const head = `(function(${executor.injectedModuleParameters.join(',')}){`;
    try {
      const script = new Script(`${head}${source}\n})`, {
        filename,
        columnOffset: -head.length,
        importModuleDynamically: (specifier, _script, attributes) =>
          // Imports for the current spec file, because the script outlives the spec file for which it was compiled
          running?.dynamicImport(specifier, filename, undefined, attributes) as Promise<never>,
      });
      known = { source, script };
    } catch (error) {
      throw handlePotentialSyntaxError(error as Error);
    }
    compiled.set(filename, known);
  }
  return known.script.runInThisContext() as (...args: unknown[]) => void;
}
