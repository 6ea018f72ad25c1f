/** State of a module of ours, which no other spec file may see. */
export const state = { uses: 0 };
