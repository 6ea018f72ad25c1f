/** Injection tokens for interfaces and values, which have no class that Nest could use. */
export const CLOCK = Symbol('clock');
export const HEALTH_PARTS = Symbol('health parts');
export const LOG = Symbol('log');
export const OPEN_SERVICES = Symbol('open services');
export const SERVED_CONFIGURATION = Symbol('served configuration');
