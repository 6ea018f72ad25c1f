import type { Installed, NpmJudge } from '@communique-tee/testing/judges';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const TIMEOUT_MS = 60_000;
/** No telemetry, and no check for a newer version. */
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' };

export interface LintResult {
  /** True if no rule found anything, not even a hint. */
  readonly clean: boolean;
  /** The report of the tool, for people to read. */
  readonly output: string;
}

/** Each linter's recommended rules without exceptions; warnings count as errors. */
export const LINTERS = {
  redocly: (file: string) => ['lint', file, '--extends', 'recommended-strict', '--format', 'stylish'],
  spectral: (file: string) => [
    'lint',
    file,
    '--ruleset',
    join(workspaceRoot(), 'test/lab/src/openapi/spectral.yaml'),
    '--fail-severity',
    'hint',
  ],
} as const;

/** Lints an OpenAPI document. @param file absolute */
export function lintDocument(
  name: keyof typeof LINTERS,
  { program, folder }: Installed<NpmJudge>,
  file: string,
): Promise<LintResult> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, ...LINTERS[name](file)],
      // Runs in a folder where the linter finds no configuration file
      { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, ...QUIET }, timeout: TIMEOUT_MS },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ clean: error === null, output: `${stdout}${stderr}` });
      },
    );
  });
}
