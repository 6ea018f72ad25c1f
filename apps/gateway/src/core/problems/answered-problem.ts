import type { ProblemCode } from '@communique-tee/protocol';

const codes = new WeakMap<object, ProblemCode>();

/**
 * Remembers the problem code of an answer; metrics read it once the answer is sent.
 * @param response Node's response object, `reply.raw`
 */
export function noteProblem(response: object, code: ProblemCode): void {
  codes.set(response, code);
}

export function notedProblem(response: object): ProblemCode | undefined {
  return codes.get(response);
}
