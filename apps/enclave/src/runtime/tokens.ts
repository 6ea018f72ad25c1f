/** Tokens for interfaces and values, which Nest cannot inject by class. */
export const CLOCK = Symbol('clock');
export const HEALTH_PARTS = Symbol('health parts');
export const LOG = Symbol('log');
export const OPEN_SERVICES = Symbol('open services');
export const SERVED_CONFIGURATION = Symbol('served configuration');
