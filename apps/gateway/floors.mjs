/**
 * The floors of the gateway, lowest first. A floor is a folder or a file of apps/gateway/src; its files import only from their own floor
 * and from lower ones. eslint.config.mjs makes a lint rule of the list, and src/floors.spec.ts compares it with the real imports. For a new
 * folder, add one line here.
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
 * One lint rule for each floor except the highest. `regex` matches the relative imports that reach a higher floor.
 * Within a group (`core`, `features` or `edge`) a path may leave out the group's name: in `core/config`, `../redis` is `core/redis`.
 */
export const ceilings = FLOORS.slice(0, -1).map((floor, index) => {
  const higher = FLOORS.slice(index + 1).map((above) => {
    const [group, name] = above.includes('/') ? above.split('/') : ['', above];
    const path = group === '' ? name : `${floor.startsWith(`${group}/`) ? `(${group}/)?` : `${group}/`}${name}`;
    return path.replace(/\.ts$/, '').replaceAll('.', '\\.');
  });
  return {
    files: floor.endsWith('.ts') ? `apps/gateway/src/${floor}` : `apps/gateway/src/${floor}/**/*.ts`,
    regex: `^(\\./|(\\.\\./)+)(${higher.join('|')})(/|$)`,
    message: `This import reaches a higher floor than ${floor} (apps/gateway/floors.mjs lists the floors, lowest first).`,
  };
});
