/** Whether a client that sent this Accept is a person with a browser (or anything that takes whatever comes), and none that asked for JSON. */
export function wantsPage(accept: string | undefined): boolean {
  const types = (accept ?? '*/*')
    .slice(0, 2000)
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';', 1)[0]?.trim() ?? '');
  if (types.includes('text/html')) return true;
  return !types.some((type) => /[/+]json$/.test(type)) && types.some((type) => type === '*/*' || type === 'text/*');
}

/** Whether gzip may be sent (RFC 9110 section 12.5.3): it is named, or everything is, and not with a quality of 0. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  const codings = (acceptEncoding ?? '')
    .slice(0, 2000)
    .toLowerCase()
    .split(',')
    .map((text) => text.replaceAll(/\s/g, ''));
  const named =
    codings.find((coding) => /^(x-)?gzip(;|$)/.test(coding)) ?? codings.find((coding) => /^\*(;|$)/.test(coding));
  return named !== undefined && !/;q=0(\.0{0,3})?$/.test(named);
}

/** If-None-Match (RFC 9110 section 13.1.2), compared weakly: a proxy may have made a strong tag weak. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch
    .slice(0, 2000)
    .split(',')
    .some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));
}
