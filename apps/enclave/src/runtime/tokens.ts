/** What Nest injects by name because it is an interface or a value. */
export const CLOCK = Symbol('clock');
export const HEALTH_PARTS = Symbol('health parts');
export const LOG = Symbol('log');
export const OPEN_SERVICES = Symbol('open services');
export const SERVED_CONFIGURATION = Symbol('served configuration');
