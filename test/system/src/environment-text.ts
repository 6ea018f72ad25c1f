/** An environment as a file that a shell, systemd and Node's parseEnv read alike. @throws Error for a value that no quotes can hold */
export function environmentText(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => {
      const quote = ["'", '"'].find((each) => !value.includes(each));
      if (quote === undefined || value.includes('\n') || (quote === '"' && /[$`\\]/.test(value)))
        throw new Error(
          `${name} cannot be written into a file of variables: no quotes that a shell, systemd and Node all read can hold its value`,
        );
      return `${name}=${quote}${value}${quote}\n`;
    })
    .join('');
}
