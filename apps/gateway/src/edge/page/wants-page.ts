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
