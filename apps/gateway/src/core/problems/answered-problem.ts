import type { ProblemCode } from '@communique-tee/protocol';

const codes = new WeakMap<object, ProblemCode>();

/** Remembers with which code an answer refuses, for who counts answers once they are sent. @param response Node's own, `reply.raw` */
export function noteProblem(response: object, code: ProblemCode): void {
  codes.set(response, code);
}

export function notedProblem(response: object): ProblemCode | undefined {
  return codes.get(response);
}
