/**
 * Loads libxml2-wasm. Only import() can load it, because it is an ES module with top-level await. This file is not TypeScript, because
 * jest's transform turns an import() in TypeScript into require().
 */
exports.loadLibxml2 = () => import('libxml2-wasm');
