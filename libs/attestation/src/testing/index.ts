/** The forged, malformed and genuine documents, for specs of the libraries that build on this one. */
export { allCases } from './cases/all-cases';
export { pem, testTimeMs } from './chain-writer';
export { bytes, testNonce, uint, writeDocument, type Fields } from './document-writer';
export { fromBase64, policyOf, type TestCase } from './test-case';
