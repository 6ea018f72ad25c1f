// Answers the calls of Prisma's CLI. The WebAssembly engine answers most of them. It lacks three, which this file answers, and has another
// name for one.
import { EngineError, checkConnection, createDatabase, dropDatabase } from './connection.mjs';
import { refuseOldHistory } from './old-history.mjs';
import { loadEngine } from './wasm-engine.mjs';

// The WebAssembly engine can run these two methods only after it has diagnosed the same migrations. After `migrate dev` has applied
// migrations, that diagnosis is missing, so this file asks for it first.
const NEED_DIAGNOSIS = new Set(['evaluateDataLoss', 'createMigration']);

export function createHandlers(options) {
  let loading;
  const engine = () => (loading ??= loadEngine(options));
  const url = () => {
    if (options.url === undefined)
      throw new EngineError('P1012', 'The datasource has no url (DATABASE_URL is not set).');
    return options.url;
  };
  const ours = {
    getDatabaseVersion: async (parameters) => (await engine()).version(parameters),
    createDatabase: async () => ({ databaseName: await createDatabase(url()) }),
    dropDatabase: async () => (await dropDatabase(url()), {}),
    ensureConnectionValidity: async () => (await checkConnection(url()), {}),
  };
  return async function handle(method, parameters, print) {
    if (Object.hasOwn(ours, method)) return ours[method](parameters);
    if (method === 'applyMigrations') await refuseOldHistory(url());
    const target = await engine();
    if (typeof target[method] !== 'function')
      throw new EngineError(undefined, `The WebAssembly schema engine does not know ${method}.`);
    if (NEED_DIAGNOSIS.has(method)) {
      await target.diagnoseMigrationHistory({
        migrationsList: parameters.migrationsList,
        filters: parameters.filters,
        optInToShadowDatabase: true,
      });
    }
    const result = await target[method](parameters);
    if (method === 'diff' && result?.stdout) print(result.stdout); // the native engine prints it itself
    return result ?? {};
  };
}
