import * as z from 'zod';

/** A DNS name or an IP address as an origin contains it: lower case, IPv6 in brackets. */
export const hostSchema = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/);
export const portSchema = z.int().min(1).max(65_535);

const routeSchema = z.strictObject({
  host: hostSchema,
  port: portSchema,
  /** Where the parent's proxy for this one destination listens. */
  vsockPort: z.int().min(1).max(0xffff_fffe),
});

/**
 * How the enclave reaches other servers. `direct` is for development and uses the machine's network. `vsock` is for
 * an enclave: one proxy on the parent per destination, and no other destination can be reached.
 */
export const egressConfigSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('direct') }),
  z.strictObject({
    mode: z.literal('vsock'),
    /** On Nitro the parent is always CID 3. In an emulated enclave, init passes 2 (configuration/arguments.ts). */
    parentCid: z.int().min(2).max(0xffff_fffe).default(3),
    routes: z
      .array(routeSchema)
      .min(1)
      .max(32)
      .refine(
        (routes) => new Set(routes.map(({ host, port }) => `${host}:${port}`)).size === routes.length,
        'a destination may have only one route',
      ),
  }),
]);
export type EgressConfig = z.output<typeof egressConfigSchema>;

/**
 * Returns the configuration with this context id of the parent (configuration/arguments.ts explains why the id may come from outside).
 * Without an id, or in direct mode, returns it unchanged.
 */
export function withParentCid(config: EgressConfig, parentCid: 2 | 3 | undefined): EgressConfig {
  return config.mode === 'vsock' && parentCid !== undefined ? { ...config, parentCid } : config;
}
