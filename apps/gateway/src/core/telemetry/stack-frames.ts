export interface Frame {
  readonly function?: string;
  /** Relative to the folder of the program, or `node:...`. */
  readonly filename: string;
  readonly lineno: number;
  readonly colno: number;
  readonly in_app: boolean;
}

const MAX_FRAMES = 20;
const LOCATED =
  /^ {4}at (?:async )?(?:(.{1,200}) \()?((?:file:\/\/)?\/[^()]{1,400}|node:[a-z0-9_/]{1,80}):([0-9]{1,9}):([0-9]{1,9})\)?$/;
const FUNCTION = /^[A-Za-z0-9_$.#<>[\] ]{1,120}$/;
const FILE = /^[A-Za-z0-9_@.+/-]{1,200}$/;

/**
 * Returns the stack frames of an error, the innermost first. V8 writes the message in front of the frames, and a message can look like
 * frames. So the message is cut off first. If the stack does not begin with the message (because code changed the message later), the
 * result has only places in main.js, without function names.
 * @param folder of the program, absolute
 */
export function stackFrames(error: Error, folder: string): Frame[] {
  const { stack } = error;
  if (typeof stack !== 'string' || stack.length > 100_000) return [];
  const behindMessage = cutMessage(stack, error.message);
  const lines = (behindMessage ?? stack).split('\n').slice(-Error.stackTraceLimit || undefined);
  return lines.flatMap((line) => frameOf(line, folder, behindMessage !== undefined)).slice(0, MAX_FRAMES);
}

/** The lines of a stack after the error's message; undefined if the stack does not begin with the message. */
export function cutMessage(stack: string, message: unknown): string | undefined {
  if (typeof message !== 'string') return undefined;
  const [head = ''] = /^[A-Za-z0-9_$.]{0,100}(?: \[[A-Za-z0-9_]{1,64}\])?/.exec(stack) ?? [];
  const header = message === '' ? head : `${head}: ${message}`;
  return stack.startsWith(`${header}\n`) ? stack.slice(header.length + 1) : undefined;
}

function frameOf(line: string, folder: string, isOurs: boolean): Frame[] {
  const [, name, place, lineno, colno] = LOCATED.exec(line) ?? [];
  if (place === undefined) return [];
  const path = place.replace(/^file:\/\//, '');
  const inside = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
  const filename = inside ?? path;
  if (inside === undefined ? !isOurs || !path.startsWith('node:') : !FILE.test(inside)) return [];
  // If the message may still be in the stack, only places in the bundle are accepted.
  if (!isOurs && filename !== 'main.js') return [];
  return [
    {
      ...(isOurs && name !== undefined && FUNCTION.test(name) ? { function: name } : {}),
      filename,
      lineno: Number(lineno),
      colno: Number(colno),
      in_app: inside !== undefined && !inside.includes('node_modules/'),
    },
  ];
}
