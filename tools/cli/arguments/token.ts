import { Failure } from '../failure';
import { readText } from '../files';

export const TOKEN_OPTION = { 'token-file': { type: 'string' } } as const;
export const TOKEN_HELP = `  --token-file <file> the bearer token of who sends; or COMMUNIQUE_TOKEN in the environment. Never an argument: other users
                      of the machine can read those
`;

/** What a bearer token may be made of (RFC 6750, section 2.1), so that nothing else gets into a header. */
const TOKEN = /^[A-Za-z0-9._~+/-]{1,8192}=*$/;

/** @throws Failure `token_missing`, `file_unreadable`, `not_understood`; never with a part of the token */
export function tokenOf(file: string | undefined, environment: Readonly<Record<string, string | undefined>>): string {
  const token = (file === undefined ? environment['COMMUNIQUE_TOKEN'] : readText(file, 16 * 1024))?.trim() ?? '';
  if (token === '' && file === undefined)
    throw new Failure(
      'token_missing',
      'who sends? Put a token into COMMUNIQUE_TOKEN, or name a file with --token-file',
    );
  if (!TOKEN.test(token))
    throw new Failure(
      'not_understood',
      file === undefined ? 'COMMUNIQUE_TOKEN holds no bearer token' : `${file} holds no bearer token`,
    );
  return token;
}
