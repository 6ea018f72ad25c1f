/** Something that the environment names cannot be used. The process ends with exit code 78 and this one line, without a stack. */
export class ConfigurationProblem extends Error {
  override readonly name = 'ConfigurationProblem';
}
