/**
 * Thrown if a file or address that an environment variable names cannot be used. The process then prints one line, without a stack, and
 * exits with 78.
 */
export class ConfigurationProblem extends Error {
  override readonly name = 'ConfigurationProblem';
}
