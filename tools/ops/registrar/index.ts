/** The registrar as a library, for the test registrar of the demo and the tests. */
export { Registrar, registrationJson, systemWorld, type Published, type World } from './registrar';
export { RegistrarError, type RegistrarErrorCode } from './registrar-error';
export type { Change } from './people/change-people';
export type { Request } from './requests/read-requests';
