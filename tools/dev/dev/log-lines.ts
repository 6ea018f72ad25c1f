import { styleText } from 'node:util';
import { prettyFactory } from 'pino-pretty';

const COLORS = {
  postgres: 'blue',
  congress: 'magenta',
  providers: 'magentaBright',
  enclave: 'green',
  identity: 'yellow',
  gateway: 'cyan',
  dev: 'white',
} as const;
export type PartName = Exclude<keyof typeof COLORS, 'dev'>;
export const PART_NAMES = [
  'postgres',
  'congress',
  'providers',
  'enclave',
  'identity',
  'gateway',
] as const satisfies readonly PartName[];

const WIDTH = Math.max(...Object.keys(COLORS).map((name) => name.length));

/**
 * Writes the output of several processes into one terminal. Each line begins with the name of its part. A line of JSON (from the gateway's
 * pino, or an event of the enclave) is written as time, level, message and fields.
 */
export class LogLines {
  private readonly rest = new Map<PartName, string>();
  private readonly prettyLine: Record<'msg' | 'event', (line: string) => string>;

  constructor(
    private readonly write: (text: string) => void,
    private readonly colored: boolean,
  ) {
    const pretty = (messageKey: string) =>
      prettyFactory({
        colorize: colored,
        singleLine: true,
        translateTime: 'SYS:HH:MM:ss.l',
        ignore: 'pid,hostname,app,variable',
        messageKey,
        // A warning about a variable begins with the variable's name as in .env.example
        messageFormat: ({ variable, [messageKey]: message }) =>
          [variable, message].filter((word) => typeof word === 'string').join(' '),
      });
    this.prettyLine = { msg: pretty('msg'), event: pretty('event') };
  }

  /** Takes a piece of a process's output, which may end within a line. */
  take(part: PartName, text: string): void {
    const lines = `${this.rest.get(part) ?? ''}${text}`.split('\n');
    this.rest.set(part, lines.pop() ?? '');
    for (const line of lines) this.line(part, line);
  }

  /** Call when the process has ended: prints its incomplete last line. */
  flush(part: PartName): void {
    const left = this.rest.get(part) ?? '';
    this.rest.delete(part);
    if (left !== '') this.line(part, left);
  }

  /** Prints our own message. */
  say(text: string): void {
    for (const line of text.split('\n')) this.put('dev', line);
  }

  private line(part: PartName, line: string): void {
    for (const each of this.readable(part, line).split('\n')) this.put(part, each);
  }

  private put(part: keyof typeof COLORS, line: string): void {
    const name = part.padEnd(WIDTH);
    this.write(`${this.colored ? styleText(COLORS[part], name, { validateStream: false }) : name} | ${line}\n`);
  }

  private readable(part: PartName, line: string): string {
    if (!line.startsWith('{')) return line;
    try {
      JSON.parse(line);
    } catch {
      return line;
    }
    return this.prettyLine[part === 'enclave' ? 'event' : 'msg'](line).replace(/\n$/, '');
  }
}
