/**
 * Refuses, inside a spec that is not named `*.integration.spec.ts`, what `npm run test:unit` must not need. Outside jest
 * (demo, bench) everything is allowed.
 *
 * @param what what was asked for, for the message: "PostgreSQL"
 */
export function integrationOnly(what: string): void {
  const spec = (globalThis as { expect?: { getState?: () => { testPath?: string } } }).expect?.getState?.().testPath;
  if (spec === undefined || spec.endsWith('.integration.spec.ts')) return;
  throw new Error(`${what} is for integration tests: rename ${spec} to *.integration.spec.ts`);
}
