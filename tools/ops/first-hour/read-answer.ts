import type * as z from 'zod';
import { cliErrorCode, explainCli } from '../preflight/aws/cli-error';
import { notReached, refuted, type Ended, type Seen } from './step';

/**
 * Judges a JSON answer. If the command failed, the step is not reached. An answer in another form than AWS documents refutes the step.
 * @param action the IAM action that the command needs, or the command's own name
 */
export function readAnswer<S extends z.ZodType>(
  { code, stdout, stderr }: Ended,
  action: string,
  schema: S,
  judge: (answer: z.output<S>) => Seen,
): Seen {
  if (code !== 0) return failed({ code, stdout, stderr }, action);
  const answer = schema.safeParse(parseJson(stdout));
  return answer.success ? judge(answer.data) : refuted('the answer has another form than AWS documents');
}

/** The verdict `not reached` for a command that failed. It names only the error code that the AWS CLI printed, not its text. */
export function failed({ code, stderr }: Ended, action: string): Seen {
  if (code === undefined || code === 127) return notReached(`the command could not run (${action})`);
  const { found } = explainCli(stderr, 'the CLI', action);
  const said = cliErrorCode(stderr);
  return notReached(said === '' || found.includes(said) ? found : `${found} (${said})`);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
