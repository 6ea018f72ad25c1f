/** What Nest injects by name because it is an interface or a value. */
export const CLOCK = Symbol('clock');
export const CONGRESS = Symbol('congress');
export const ENCLAVE_ID = Symbol('enclave id');
export const LEGACY_SUITE = Symbol('legacy suite');
export const LOG = Symbol('log');
export const MESSAGE_LIMITS = Symbol('message limits');
