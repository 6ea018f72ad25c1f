/** Whether this Accept header comes from a browser (or a client that accepts any type), and not from a client that wants JSON. */
export function wantsPage(accept: string | undefined): boolean {
  const types = (accept ?? '*/*')
    .slice(0, 2000)
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';', 1)[0]?.trim() ?? '');
  if (types.includes('text/html')) return true;
  return !types.some((type) => /[/+]json$/.test(type)) && types.some((type) => type === '*/*' || type === 'text/*');
}
