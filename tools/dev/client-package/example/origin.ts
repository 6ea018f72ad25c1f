export const EXAMPLE_PORT = 3010;

/** Where `npm run example:browser` serves its page. The demo's gateway allows this origin. */
export const EXAMPLE_ORIGIN = `http://127.0.0.1:${String(EXAMPLE_PORT)}`;
