// Parses the part of the Dockerfile language that our files use. Specs compare the files with the repository, and run them without Docker.
export interface Instruction {
  readonly name: string;
  /** The text after the name and the flags, with continued lines joined. */
  readonly value: string;
  readonly flags: Readonly<Record<string, string>>;
}

export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** Defaults of the ARGs before the first FROM, by name. */
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

export function parseDockerfile(text: string): Dockerfile {
  const args: Record<string, string> = {};
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of text.replaceAll(/\\\n/g, ' ').split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const instruction = parseLine(line);
    const stage = stages.at(-1);
    if (instruction.name === 'FROM') {
      const [from = '', as, name] = instruction.value.split(/\s+/);
      if (as !== undefined && as !== 'AS') throw new Error(`not understood: ${line}`);
      stages.push({ from, name: name ?? String(stages.length), instructions: [] });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.name === 'ARG') {
      const [name = '', byDefault = ''] = instruction.value.split('=');
      args[name] = byDefault;
    } else throw new Error(`before the first FROM: ${line}`);
  }
  return { args, stages };
}

function parseLine(line: string): Instruction {
  const found = /^([A-Z]+)\s+((?:--[a-z-]+=\S+\s+)*)(.+)$/.exec(line);
  if (found === null) throw new Error(`not understood: ${line}`);
  const [, name = '', flagText = '', value = ''] = found;
  const flags = Object.fromEntries(
    flagText
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map((flag) => flag.slice(2).split('=') as [string, string]),
  );
  return { name, flags, value: value.trim() };
}

/** Returns the words of an exec form (`["node", "main.js"]`). */
export function words({ value }: Instruction): string[] {
  const parsed: unknown = JSON.parse(value.replace(/^(--\S+\s+)*CMD\s+/, ''));
  if (!Array.isArray(parsed) || !parsed.every((word) => typeof word === 'string'))
    throw new Error(`not in exec form: ${value}`);
  return parsed;
}

export const last = (stage: Stage, name: string): Instruction | undefined =>
  stage.instructions.findLast((each) => each.name === name);

/** Returns the variables of every ENV (`ENV A=1 B=2`) of a stage. */
export const environmentOf = (stage: Stage): Record<string, string> =>
  Object.fromEntries(
    stage.instructions
      .filter(({ name }) => name === 'ENV')
      .flatMap(({ value }) => value.split(/\s+/).map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string])),
  );
