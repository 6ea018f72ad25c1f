/**
 * Returns the text of an environment file that a shell, systemd and Node's parseEnv read in the same way.
 * @throws Error for a value that cannot be quoted for all three
 */
export function environmentText(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => {
      const quote = ["'", '"'].find((each) => !value.includes(each));
      if (quote === undefined || value.includes('\n') || (quote === '"' && /[$`\\]/.test(value)))
        throw new Error(
          `${name} cannot be written into a file of variables: its value cannot be quoted in one way for a shell, systemd and Node`,
        );
      return `${name}=${quote}${value}${quote}\n`;
    })
    .join('');
}
