import { checkout } from '../edition';
import { runCli } from '../run-cli';

export interface Called {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Answers the command's questions, as a person at a terminal does. */
  readonly confirm?: (question: string) => Promise<boolean>;
}

/** Runs the command in this process, without a terminal. `said` has all its output. */
export function createCaller() {
  const said: string[] = [];
  const call = async (
    argv: readonly string[],
    { environment = {}, signal = new AbortController().signal, confirm }: Surroundings = {},
  ): Promise<Called> => {
    let out = '';
    let err = '';
    const exit = await runCli(
      argv,
      {
        out: (text) => (out += text),
        err: (text) => (err += text),
        environment,
        paint: (text) => text,
        ...(confirm && { confirm }),
        signal,
      },
      checkout,
    );
    said.push(out, err);
    return { exit, out, err };
  };
  return { call, said };
}
