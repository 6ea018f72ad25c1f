/** State of ours, which no other spec file may see. */
export const state = { uses: 0 };
