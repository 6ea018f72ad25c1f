/** Types of the used parts of WebAssembly. Node's types lack them, and this library does not load the types of the DOM. */
interface WebAssemblyApi {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (
    module: WebAssembly.Module,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: unknown };
  readonly compile: (bytes: Uint8Array) => Promise<WebAssembly.Module>;
  /** @param response its content type must be application/wasm */
  readonly compileStreaming: (response: Promise<Response>) => Promise<WebAssembly.Module>;
}

export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
