// Runs a Dockerfile's stages without Docker: each stage becomes a folder, COPY copies, RUN runs on this machine. Base images and users are
// ignored, and a link to this checkout's node_modules replaces `npm ci`. So this tests only paths, commands and copies.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Dockerfile, Instruction } from './dockerfile';

/** Absolute paths outside WORKDIR to which the RUN steps of the build stage write. */
const OUTPUTS = /(?<=\s)\/(migrate|image)(?=\s|$)/g;

/** @returns a function that takes a stage's name and returns the folder with the stage's files */
export function runStages(
  dockerfile: Dockerfile,
  options: { root: string; folder: string; args?: Record<string, string> },
): (stage: string) => string {
  const { root, folder, args = {} } = options;
  const rootOf = (stage: string) => join(folder, stage);
  for (const { name, instructions } of dockerfile.stages) {
    let workdir = '/';
    mkdirSync(rootOf(name), { recursive: true });
    for (const instruction of instructions) {
      if (instruction.name === 'WORKDIR') {
        workdir = instruction.value;
        mkdirSync(join(rootOf(name), workdir), { recursive: true });
      } else if (instruction.name === 'COPY') {
        const from = instruction.flags['from'];
        copy(instruction, from === undefined ? root : rootOf(from), rootOf(name), workdir);
      } else if (instruction.name === 'RUN') {
        run(instruction.value, { root, stageRoot: rootOf(name), workdir, args });
      }
    }
  }
  return rootOf;
}

/** Returns the sources and the target of a COPY. Docker copies the content of a folder, not the folder. */
export function copied({ value }: Instruction): { sources: string[]; target: string } {
  const all = value.split(/\s+/);
  return { sources: all.slice(0, -1), target: all.at(-1) ?? '' };
}

function copy(instruction: Instruction, from: string, stageRoot: string, workdir: string): void {
  const { sources, target } = copied(instruction);
  const to = join(stageRoot, target.startsWith('/') ? '' : workdir, target);
  // .dockerignore excludes node_modules of the checkout
  const fromStage = instruction.flags['from'] !== undefined;
  for (const source of sources) {
    const path = join(from, source);
    if (!existsSync(path)) throw new Error(`COPY ${instruction.value}: there is no ${source}`);
    const into =
      statSync(path).isDirectory() || !(target.endsWith('/') || sources.length > 1) ? to : join(to, basename(source));
    cpSync(path, into, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (each) => fromStage || basename(each) !== 'node_modules',
    });
  }
}

function run(
  command: string,
  {
    root,
    stageRoot,
    workdir,
    args,
  }: { root: string; stageRoot: string; workdir: string; args: Record<string, string> },
): void {
  const cwd = join(stageRoot, workdir);
  if (command === 'npm ci') {
    symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
    return;
  }
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command.replaceAll(OUTPUTS, `${stageRoot}/$1`)], {
    cwd,
    encoding: 'utf8',
    env: { PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`, ...args },
  });
  if (status !== 0) throw new Error(`RUN ${command}: ${stdout}${stderr}`);
}
