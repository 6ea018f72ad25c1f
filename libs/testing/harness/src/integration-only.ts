/**
 * Throws inside a spec that is not named `*.integration.spec.ts`, so that `npm run test:unit` never needs `what`. It never throws outside
 * jest (demo, bench).
 *
 * @param what the requested thing, for the message, such as "PostgreSQL"
 */
export function integrationOnly(what: string): void {
  const spec = (globalThis as { expect?: { getState?: () => { testPath?: string } } }).expect?.getState?.().testPath;
  if (spec === undefined || spec.endsWith('.integration.spec.ts')) return;
  throw new Error(`${what} is for integration tests: rename ${spec} to *.integration.spec.ts`);
}
