import { PROBLEMS, PROBLEM_MEDIA_TYPE, decodeJson, isProblemCode } from '@communique-tee/protocol';
import * as z from 'zod';
import { invalidAnswer, type EnclaveResult } from './enclave-result';
import type { Exchange } from './exchange';

const problemSchema = z.object({
  code: z.string().refine(isProblemCode),
  retryAfterSeconds: z.int().min(1).max(86_400).optional(),
});

/** Reads the code and the Retry-After of the problem in a response other than 200. */
export function readProblem(
  response: Extract<Exchange, { kind: 'response' }>,
): Extract<EnclaveResult<never>, { kind: 'problem' }> {
  if (response.contentType !== PROBLEM_MEDIA_TYPE) return invalidAnswer();
  const parsed = problemSchema.safeParse(readJson(response.body));
  if (!parsed.success || PROBLEMS[parsed.data.code].status !== response.status) return invalidAnswer();
  return { kind: 'problem', code: parsed.data.code, retryAfterSeconds: parsed.data.retryAfterSeconds ?? null };
}

/** `undefined` if the bytes are not JSON in UTF-8. */
export function readJson(body: Uint8Array): unknown {
  try {
    return decodeJson(body);
  } catch {
    return undefined;
  }
}
