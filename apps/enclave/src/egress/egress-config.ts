import * as z from 'zod';

/** A DNS name or an IP address, lower case, as in an origin. */
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
    /** The parent is always CID 3 to an enclave of Nitro; an emulated one is told 2 by its init (configuration/arguments.ts). */
    parentCid: z.int().min(2).max(0xffff_fffe).default(3),
    routes: z
      .array(routeSchema)
      .min(1)
      .max(32)
      .refine(
        (routes) => new Set(routes.map(({ host, port }) => `${host}:${port}`)).size === routes.length,
        'a destination has one route',
      ),
  }),
]);
export type EgressConfig = z.output<typeof egressConfigSchema>;

/**
 * The same routes through a parent at another context id (configuration/arguments.ts explains why that may come from
 * outside).
 */
export function withParentCid(config: EgressConfig, parentCid: 2 | 3 | undefined): EgressConfig {
  return config.mode === 'vsock' && parentCid !== undefined ? { ...config, parentCid } : config;
}
