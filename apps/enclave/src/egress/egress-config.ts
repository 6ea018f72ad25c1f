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
  /** The port on which the parent's proxy for this destination listens. */
  vsockPort: z.int().min(1).max(0xffff_fffe),
});

/**
 * How the enclave reaches other servers. `direct` is for development and uses the machine's network. `vsock` is for a real enclave: the
 * parent has one proxy for each destination, and the enclave cannot reach any other destination.
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
 * Sets the parent's context id. configuration/arguments.ts explains why it may come from outside. Without an id, or in direct mode,
 * returns the configuration unchanged.
 */
export function withParentCid(config: EgressConfig, parentCid: 2 | 3 | undefined): EgressConfig {
  return config.mode === 'vsock' && parentCid !== undefined ? { ...config, parentCid } : config;
}
