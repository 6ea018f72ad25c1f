import { ConfigError } from '../config/config-error';

/** Returns AWS's answer. @throws ConfigError of one line: the key, its value, what to do, and the provider's reason */
export const answered = <T>(stack: string, answer: Promise<T>, problem: string): Promise<T> =>
  answer.catch((error: unknown) => {
    throw new ConfigError(stack, [`${problem}; the provider reports: ${reasonOf(error)}`]);
  });

/** The reason in the provider's error, whose lines are indented as a list. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim();
