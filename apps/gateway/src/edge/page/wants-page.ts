/**
 * Whether this Accept is that of a browser (or of a client that takes any type), and not of a client that asks for
 * JSON.
 */
export function wantsPage(accept: string | undefined): boolean {
  const types = (accept ?? '*/*')
    .slice(0, 2000)
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';', 1)[0]?.trim() ?? '');
  if (types.includes('text/html')) return true;
  return !types.some((type) => /[/+]json$/.test(type)) && types.some((type) => type === '*/*' || type === 'text/*');
}
