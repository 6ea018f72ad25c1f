/** NAME="value" lines as systemd reads them from an EnvironmentFile (systemd.exec): these four characters take a backslash. */
export function environmentFile(variables: Readonly<Record<string, string>>, about: string): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, '\\$&')}"\n`);
  return `# ${about}\n${lines.join('')}`;
}
