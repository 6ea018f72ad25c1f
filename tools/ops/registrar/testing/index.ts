/** A registrar of made-up people, for the demo and the tests. */
export { startTestRegistrar, TEST_REGISTRAR_ID, type TestRegistrar, type TestRegistrarOptions } from './test-registrar';
export { openDesk, type RegistrationDesk } from './registration-desk';
export { serveList, type ListHost } from './serve-list';
