export function loadLibxml2(): Promise<typeof import('libxml2-wasm')>;
