import { ConfigError } from '../config/config-error';

/** Returns AWS's answer. @param problem the setting, its value and what to do @throws ConfigError with `problem` and the provider's reason */
export const answered = <T>(stack: string, answer: Promise<T>, problem: string): Promise<T> =>
  answer.catch((error: unknown) => {
    throw new ConfigError(stack, [`${problem}; the provider reports: ${reasonOf(error)}`]);
  });

/** Joins the indented lines of the provider's error. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim();
