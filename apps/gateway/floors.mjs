/**
 * The floors of the gateway, lowest first: a file imports only from its own entry and from entries before it. An entry is
 * a folder or a file of apps/gateway/src. eslint.config.mjs makes a lint rule of the list, and src/floors.spec.ts holds it against
 * the real imports. A new folder takes one line here.
 */
export const FLOORS = [
  'core/config',
  'core/problems',
  'core/routing',
  'core/telemetry',
  'core/database',
  'core/redis',
  'core/lifecycle',
  'core/core.module.ts',

  'features/auth',
  'features/budget',
  'features/limits',
  'features/enclave',
  'features/attestation',
  'features/keys',
  'features/delivery',
  'features/agents',
  'features/legacy',
  'features/acceptance',
  'features/residence',
  'features/messages',
  'features/retention',
  'features/templates',
  'features/admin',

  'edge/http',
  'edge/health',
  'edge/monitoring',
  'edge/page',
  'edge/openapi',

  'app.module.ts',
  'create-app.ts',
  'main.ts',
];

/**
 * For each floor but the highest: its files, and a regular expression of the relative imports that reach a higher floor.
 * Two folders of the same room also name each other without the room: `../redis` is `core/redis` for `core/config`.
 */
export const ceilings = FLOORS.slice(0, -1).map((floor, index) => {
  const higher = FLOORS.slice(index + 1).map((entry) => {
    const [room, name] = entry.includes('/') ? entry.split('/') : ['', entry];
    const path = room === '' ? name : `${floor.startsWith(`${room}/`) ? `(${room}/)?` : `${room}/`}${name}`;
    return path.replace(/\.ts$/, '').replaceAll('.', '\\.');
  });
  return {
    files: floor.endsWith('.ts') ? `apps/gateway/src/${floor}` : `apps/gateway/src/${floor}/**/*.ts`,
    regex: `^(\\./|(\\.\\./)+)(${higher.join('|')})(/|$)`,
    message: `apps/gateway/floors.mjs lists it after ${floor}.`,
  };
});
