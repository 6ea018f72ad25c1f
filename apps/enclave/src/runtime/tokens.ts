/** What Nest injects by name because it is an interface or a value. */
export const CLOCK = Symbol('clock');
export const ENCLAVE_ID = Symbol('enclave id');
export const LOG = Symbol('log');
export const OPEN_SERVICES = Symbol('open services');
export const SERVED_CONFIGURATION = Symbol('served configuration');
