/**
 * Loads libxml2-wasm, an ES module with top-level await: only import() can load it. Here, and not in TypeScript, because jest's
 * transform makes require() of an import() in TypeScript.
 */
exports.loadLibxml2 = () => import('libxml2-wasm');
