/** Whether this Accept header asks for the page: it names HTML, or it accepts any type or any text and names no JSON. */
export function wantsPage(accept: string | undefined): boolean {
  const types = (accept ?? '*/*')
    .slice(0, 2000)
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';', 1)[0]?.trim() ?? '');
  if (types.includes('text/html')) return true;
  return !types.some((type) => /[/+]json$/.test(type)) && types.some((type) => type === '*/*' || type === 'text/*');
}
