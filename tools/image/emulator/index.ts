/** Boots enclave images in QEMU's machines, for tests and for people who want to examine them. */
export { bootEnclave, type BootedEnclave, type BootOptions } from './boot';
export { makeTestPki, type TestPki } from './test-pki';
