/** Everything that is wrong with a stack's configuration, at once. Nothing has been created. */
export class ConfigError extends Error {
  readonly code = 'invalid_config';

  constructor(
    stack: string,
    readonly problems: readonly string[],
  ) {
    super(
      `The configuration of stack ${stack} cannot work; nothing was created.\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}
