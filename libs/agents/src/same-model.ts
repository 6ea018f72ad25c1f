/** `-YYYYMMDD` or `-YYYY-MM-DD` at the end of a model's name. */
const DATE = /-20\d\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))$/;

/**
 * Whether a provider answered with the requested model. Providers may add a date to the name, and Gemini may put `models/` before it.
 * The function removes both only from the answered name, so that two configured names with different dates stay different.
 */
export function sameModel(configured: string, answered: string): boolean {
  const name = answered.startsWith('models/') ? answered.slice('models/'.length) : answered;
  return name === configured || name.replace(DATE, '') === configured;
}
