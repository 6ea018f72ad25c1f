import type { CaaRecord } from 'node:dns';

/** Whether CAA records allow a certificate without a wildcard (RFC 8659, sections 3 to 5). */
export type CaaJudgement = { readonly allowed: true } | { readonly allowed: false; readonly why: string };

const KNOWN_TAGS = new Set([
  'critical',
  'issue',
  'issuewild',
  'iodef',
  'contactemail',
  'contactphone',
  'issuemail',
  'issuevmc',
  'type',
]);

/** @param authorities the authority's names in CAA records; one allowed name is enough */
export function judgeCaa(
  records: readonly CaaRecord[],
  authorities: readonly string[],
  method: 'http-01' | undefined,
): CaaJudgement {
  // No authority may issue if a record has an unknown critical property.
  const strange = records.find(
    (record) => record.critical !== 0 && Object.keys(record).some((tag) => !KNOWN_TAGS.has(tag.toLowerCase())),
  );
  if (strange !== undefined) return { allowed: false, why: 'a critical property is not one that authorities know' };
  const issue = records.flatMap((record) => (record.issue === undefined ? [] : [parse(record.issue)]));
  if (issue.length === 0) return { allowed: true };
  const ours = issue.filter(({ authority }) => authorities.includes(authority));
  if (ours.length === 0) {
    const named = issue.map(({ authority }) => authority).filter((authority) => authority !== '');
    return {
      allowed: false,
      why: named.length === 0 ? 'no authority may issue' : `only ${named.join(', ')} may issue`,
    };
  }
  const usable = ours.filter(
    ({ methods }) => method === undefined || methods === undefined || methods.includes(method),
  );
  return usable.length > 0
    ? { allowed: true }
    : { allowed: false, why: `${ours[0]?.authority ?? ''} may, but not by ${method ?? ''}` };
}

/** Reads a value such as `letsencrypt.org; validationmethods=http-01,dns-01` (RFC 8657). */
function parse(value: string): { authority: string; methods: string[] | undefined } {
  const [authority = '', ...parameters] = value.split(';').map((part) => part.trim());
  const methods = parameters.find((parameter) => parameter.toLowerCase().startsWith('validationmethods='));
  return {
    authority: authority.toLowerCase(),
    methods: methods
      ?.slice(methods.indexOf('=') + 1)
      .split(',')
      .map((method) => method.trim().toLowerCase()),
  };
}
