/** Enclave images booted in QEMU's nitro-enclave machine: for tests and for people who want to look. */
export { bootEnclave, type BootedEnclave, type BootOptions } from './boot';
export { makeTestPki, type TestPki } from './test-pki';
