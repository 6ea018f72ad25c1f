import { randomBytes } from 'node:crypto';
import { Failure } from '../../../cli/failure';
import type { Trust } from '../../../cli/trust';
import { judge } from '../../../cli/verify/judge';
import { documentIn } from '../../../cli/verify/read-document';
import type { Judgement } from '../../../cli/verify/report';
import { codeOf, isCertificateCode } from '../../preflight/error-code';
import type { Reach } from './reach';

/**
 * `absent`: why no answer came that can be judged; a later request may succeed. `isOfName`: the name or its certificate may be the cause,
 * so a request to the stack's address may succeed.
 */
export type Asked = { readonly judgement: Judgement } | { readonly absent: string; readonly isOfName: boolean };

/** Asks for a document with a fresh nonce, and examines it as `communique-tee verify` does. */
export async function askEnclave(reach: Reach, trust: Trust, at: () => Date): Promise<Asked> {
  const nonce = new Uint8Array(randomBytes(32));
  let document: Uint8Array;
  try {
    const { ok, status, body } = await reach.get(
      `/attestation?nonce=${Buffer.from(nonce).toString('hex')}`,
      'application/cose',
    );
    if (!ok) return { absent: `/attestation answers ${String(status)}`, isOfName: false };
    document = documentIn(body);
  } catch (error) {
    return whyAbsent(error);
  }
  const configuration = async (sha256: Uint8Array): Promise<Uint8Array | undefined> => {
    try {
      const path = `/attestation/configuration?sha256=${Buffer.from(sha256).toString('hex')}`;
      const { ok, body } = await reach.get(path, 'application/json');
      return ok ? body : undefined;
    } catch {
      return undefined;
    }
  };
  return { judgement: await judge({ document, configuration, nonce, at: at() }, trust) };
}

const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN']);

function whyAbsent(error: unknown): Asked {
  const code = codeOf(error);
  if (code !== undefined && NO_NAME.has(code)) return { absent: `the name does not resolve (${code})`, isOfName: true };
  if (code !== undefined && isCertificateCode(code))
    return { absent: `there is no valid certificate yet (${code})`, isOfName: true };
  if (error instanceof Failure && error.code === 'not_understood')
    return { absent: 'the answer at /attestation is not an attestation document', isOfName: true };
  return { absent: `no connection (${code ?? 'no answer in time'})`, isOfName: true };
}
