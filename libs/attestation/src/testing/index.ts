/** The forged, malformed and genuine documents, for specs of the libraries that build on this one. */
export { allCases } from './cases/all-cases';
export { fromBase64, policyOf, type TestCase } from './test-case';
