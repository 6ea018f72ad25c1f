import { KmsFailure } from '../failure';

export interface Authorization {
  accessKeyId: string;
  /** YYYYMMDD */
  date: string;
  region: string;
  service: string;
  /** in lower case, in the order of the header */
  signedHeaders: readonly string[];
  /** 64 hexadecimal digits */
  signature: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * Reads `AWS4-HMAC-SHA256 Credential=<id>/<date>/<region>/<service>/aws4_request, SignedHeaders=a;b, Signature=<hex>`
 * (AWS, "Create a signed AWS API request", step 5).
 * @throws KmsFailure IncompleteSignatureException
 */
export function parseAuthorization(header: string): Authorization {
  const space = header.indexOf(' ');
  if (space === -1 || header.slice(0, space) !== ALGORITHM)
    throw incomplete(`Unsupported AWS 'algorithm'; ${ALGORITHM} is expected`);
  const parts = new Map<string, string>();
  for (const part of header.slice(space + 1).split(',')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals).trim();
    if (equals === -1 || parts.has(name)) throw incomplete('Authorization header is not of key=value pairs, each once');
    parts.set(name, part.slice(equals + 1).trim());
  }
  const [credential, signedHeaders, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) => {
    const value = parts.get(name);
    if (value === undefined || value === '') throw incomplete(`Authorization header requires '${name}' parameter`);
    return value;
  }) as [string, string, string];

  const scope = credential.split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] = scope;
  if (scope.length !== 5 || terminator !== 'aws4_request' || accessKeyId === '' || !/^[0-9]{8}$/.test(date)) {
    throw incomplete('Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term');
  }
  const names = signedHeaders.split(';');
  const sorted = [...names].sort();
  if (
    names.some(
      (name, index) =>
        name === '' || name !== name.toLowerCase() || name !== sorted[index] || name === names[index - 1],
    )
  ) {
    throw incomplete("'SignedHeaders' must be lower case, sorted, each once");
  }
  if (!/^[0-9a-f]{64}$/.test(signature)) throw incomplete("'Signature' must be 64 hexadecimal digits in lower case");
  return { accessKeyId, date, region, service, signedHeaders: names, signature };
}

function incomplete(message: string): KmsFailure {
  return new KmsFailure('IncompleteSignatureException', message);
}
