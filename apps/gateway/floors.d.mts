export const FLOORS: readonly string[];
export const ceilings: readonly { readonly files: string; readonly regex: string; readonly message: string }[];
