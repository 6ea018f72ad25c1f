import { execFile } from 'node:child_process';

/** Sends a request with the AWS CLI, which fetches all pages of the answer. @returns the parsed JSON of the answer */
export type AskAws = (args: readonly string[]) => Promise<unknown>;

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const TIME_LIMIT_MS = 120_000;

/** @throws Error whose message is one line with the request and AWS's reason */
export const askAws: AskAws = (args) =>
  new Promise((resolve, reject) => {
    execFile(
      'aws',
      [...args, '--output', 'json', '--no-cli-pager'],
      { maxBuffer: MAX_OUTPUT_BYTES, timeout: TIME_LIMIT_MS, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const question = `aws ${args.slice(0, 2).join(' ')}`;
        if (error) {
          reject(new Error(`${question}: ${reasonOf(error, stderr)}`));
          return;
        }
        try {
          resolve(JSON.parse(stdout));
        } catch {
          reject(new Error(`${question}: the answer is not JSON`));
        }
      },
    );
  });

function reasonOf(error: Error & { code?: unknown; killed?: boolean }, stderr: string): string {
  if (error.code === 'ENOENT') return 'there is no AWS CLI on PATH; install version 2';
  if (error.killed === true) return `no answer within ${String(TIME_LIMIT_MS / 1000)} seconds`;
  return (
    stderr
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '') ?? 'it failed without a message'
  ).slice(0, 300);
}
