/** The state of one of our modules. No other spec file may see it. */
export const state = { uses: 0 };
