/** The state of one of our modules. Each spec file has its own. */
export const state = { uses: 0 };
