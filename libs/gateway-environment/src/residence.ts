import { RESIDENCE_ID_PATTERN } from '@communique-tee/protocol';
import { NoteError, parseVerifierKey } from '@communique-tee/transparency';
import * as z from 'zod';
import { RESIDENCE_MODES, type ResidenceConfig } from './gateway-config';
import { isUnencryptedRemote } from './sentry-dsn';

const rule = (message: string) => ({ error: () => message });

/** While a registrar replaces its key, the gateway accepts notes that the old or the new key signed. */
const MAX_KEYS = 2;
const keys = z.string().transform((text, context): readonly [string, ...string[]] => {
  const [first, ...rest] = text.split(',').map((entry) => entry.trim());
  const all = [first, ...rest];
  if (
    first !== undefined &&
    all.length <= MAX_KEYS &&
    new Set(all).size === all.length &&
    all.every((entry) => isVerifierKey(entry ?? ''))
  )
    return [first, ...rest];
  context.addIssue({
    code: 'custom',
    message:
      'must be one or two different verifier keys with a comma between them, each <registrar>+<8 hex digits>+<base64>, as `npm run ops -- registrar key show` prints it',
  });
  return z.NEVER;
});

/** Whether this is a verifier key of a signed note (C2SP signed-note). */
function isVerifierKey(text: string): boolean {
  try {
    parseVerifierKey(text);
    return true;
  } catch (error) {
    if (error instanceof NoteError) return false;
    throw error;
  }
}

const files = z
  .string()
  .max(1024, rule('must be at most 1024 characters'))
  .transform((text, context): string => {
    const url = URL.parse(text);
    if (
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      url.username === '' &&
      url.password === '' &&
      url.search === '' &&
      url.hash === '' &&
      // The page's Content-Security-Policy lists this address, and no source in it may have these characters (CSP Level 3 section 2.3.1)
      !/[;,]/.test(url.pathname) &&
      !/[*[\]]/.test(url.hostname)
    )
      return url.href.endsWith('/') ? url.href : `${url.href}/`;
    context.addIssue({
      code: 'custom',
      message:
        'must be an https:// URL of a folder: no user name, password, query or fragment, no comma or semicolon, and a host that is no IPv6 address',
    });
    return z.NEVER;
  });

/** Proof of residence (docs/residence.md). The enclave's measured configuration must have the same mode, registrar and keys. */
export const RESIDENCE_VARIABLES = {
  RESIDENCE: z.enum(RESIDENCE_MODES, rule(`must be one of ${RESIDENCE_MODES.join(', ')}`)).default('off'),
  RESIDENCE_REGISTRAR: z
    .string()
    .regex(RESIDENCE_ID_PATTERN, rule('must be 1 to 64 lower-case letters, digits and hyphens'))
    .optional(),
  RESIDENCE_KEYS: keys.optional(),
  RESIDENCE_FILES_URL: files.optional(),
  RESIDENCE_REFERENCE_STRING_FILE: z
    .string()
    .max(4096, rule('must be at most 4096 characters'))
    .refine((path) => path.startsWith('/'), rule('must be an absolute path'))
    .optional(),
} as const;

type Name = keyof typeof RESIDENCE_VARIABLES;
type Values = { readonly [Each in Name]?: z.output<(typeof RESIDENCE_VARIABLES)[Each]> } & {
  readonly TEE_ENABLE_ATTESTATION_VERIFICATION?: boolean;
};

const NEEDED = ['RESIDENCE_REGISTRAR', 'RESIDENCE_KEYS', 'RESIDENCE_FILES_URL'] as const;

export function* brokenResidenceRules(
  values: Values,
  isSet: (name: Name) => boolean,
  production: boolean,
): Generator<[Name, string]> {
  const { RESIDENCE: mode, RESIDENCE_REGISTRAR: registrar, RESIDENCE_KEYS: keys, RESIDENCE_FILES_URL: files } = values;
  if (mode === undefined || mode === 'off') return;
  for (const name of NEEDED) if (!isSet(name)) yield [name, 'is required unless RESIDENCE is off'];
  if (values.TEE_ENABLE_ATTESTATION_VERIFICATION === false)
    yield [
      'RESIDENCE',
      'needs verified attestation: only a verified receipt lets a person send again in the same campaign',
    ];
  if (registrar !== undefined && keys?.some((key) => !key.startsWith(`${registrar}+`)) === true)
    yield ['RESIDENCE_KEYS', 'has a key of another name than RESIDENCE_REGISTRAR'];
  if (files?.startsWith('http:') === true && (production || isUnencryptedRemote({ endpoint: files })))
    yield ['RESIDENCE_FILES_URL', 'must be https:// (http:// only on this machine, and never in production)'];
}

export function residenceOf({
  RESIDENCE: mode = 'off',
  RESIDENCE_REGISTRAR: registrar,
  RESIDENCE_KEYS: keys,
  RESIDENCE_FILES_URL: files,
  RESIDENCE_REFERENCE_STRING_FILE: referenceStringFile,
}: Values): ResidenceConfig {
  if (mode === 'off' || registrar === undefined || keys === undefined || files === undefined) return { mode: 'off' };
  return { mode, registrar, keys, files, ...(referenceStringFile === undefined ? {} : { referenceStringFile }) };
}
