import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { RegistrarError } from '../registrar-error';
import { finding, type Finding, type ResidenceCheck } from './residence-check';

/** The longest time that the program may write nothing. */
const SILENCE_LIMIT_MS = 60_000;
const MAX_LINE_CHARACTERS = 2000;

/**
 * Starts the operator's own program once, without a shell. For each person the program reads one line of JSON,
 * `{"version":1,"person":"17"}`, and writes one line, in the same order: `{"person":"17","district":"120-MT-01"}` (with `name` and `born`
 * if the program knows them) or `{"person":"17","refused":"no proof of address"}`. At the end of its input it must exit with 0. Its
 * standard error goes to the operator.
 */
export class CheckProgram implements ResidenceCheck {
  constructor(
    private readonly program: string,
    private readonly args: readonly string[],
    private readonly silenceLimitMs = SILENCE_LIMIT_MS,
  ) {}

  async check(people: readonly string[]): Promise<readonly Finding[]> {
    const child = spawn(this.program, this.args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    // `ended` is awaited only below. Until then its rejection must not end this process as unhandled.
    ended.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    let silent = false;
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        silent = true;
        child.kill('SIGKILL');
      }, this.silenceLimitMs);
    };
    try {
      heard();
      // A program that ends early closes the pipe. Its exit code tells more than this error.
      child.stdin.on('error', () => undefined);
      child.stdin.end(people.map((person) => `${JSON.stringify({ version: 1, person })}\n`).join(''));
      const findings: Finding[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        heard();
        findings.push(this.read(line, people[findings.length]));
      }
      const code = await ended.catch(() => {
        throw this.failed('could not be started');
      });
      if (silent) throw this.failed(`was silent for ${String(this.silenceLimitMs / 1000)} seconds`);
      if (code !== 0) throw this.failed(`ended with exit code ${String(code)}`);
      if (findings.length !== people.length)
        throw this.failed(`answered for ${String(findings.length)} of ${String(people.length)} people`);
      return findings;
    } finally {
      clearTimeout(timer);
      child.kill('SIGKILL');
    }
  }

  private read(line: string, person: string | undefined): Finding {
    try {
      const answer = finding.parse(JSON.parse(line.slice(0, MAX_LINE_CHARACTERS)));
      if (answer.person === person) return answer;
    } catch {
      throw this.failed('wrote a line that is no answer');
    }
    throw this.failed('answered for another person than the next one');
  }

  private failed(what: string): RegistrarError {
    return new RegistrarError('ERR_REGISTRAR_CHECK', `the check of residence ${what}: ${this.program}`);
  }
}
