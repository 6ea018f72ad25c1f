import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Folder and port of the demo that failed. */
export interface Surroundings {
  readonly folder: string;
  readonly port: number;
}

type Explanation = readonly [what: string, next: string];

/** Returns what failed and what to do next, in one sentence each, and the folder of the logs. */
export function explainFailure(error: unknown, surroundings: Surroundings): string {
  const [what, next] = explained(error, surroundings);
  const logs = join(surroundings.folder, 'logs');
  return `${what}\nNext: ${next}\n${existsSync(logs) ? `Logs: ${logs}\n` : ''}`;
}

function explained(error: unknown, { folder, port }: Surroundings): Explanation {
  const database = join(folder, 'postgres');
  const message = error instanceof Error ? error.message : String(error);
  const detail = withoutCode(message);
  const otherFolder = 'choose another folder: npm run demo -- --folder <folder>';
  const system = error instanceof Error ? (error as NodeJS.ErrnoException) : undefined;
  switch (system?.code) {
    case 'POSTGRES_FOLDER_IN_USE':
      return [
        `Another demo or “npm run dev” uses the folder ${folder}.`,
        `end that one first with Ctrl-C in its terminal, or ${otherFolder}`,
      ];
    case 'POSTGRES_FOLDER_UNUSABLE':
      return [
        `PostgreSQL cannot use its folder: ${detail}.`,
        `delete ${database} (it has only messages of the demo and of npm run dev), or ${otherFolder}`,
      ];
    case 'POSTGRES_USER_MISSING':
      return [`${capitalized(detail)}.`, 'run the demo as an ordinary user, or create the user: useradd postgres'];
    case 'POSTGRES_UNAVAILABLE':
      return [
        `There is no PostgreSQL for this system: ${detail}.`,
        'install the packages again, optional ones too: npm ci --include=optional',
      ];
    case 'POSTGRES_START_FAILED':
      return [
        `PostgreSQL does not start: ${lastLine(detail)}.`,
        `check that the disk has room, delete ${database} (it has only messages of the demo and of npm run dev) and start the demo again`,
      ];
    case 'MIGRATION_FAILED':
      return [
        `The database that an earlier demo left in ${folder} does not fit this version: ${lastLine(detail)}.`,
        `delete ${database} (it has only messages of the demo and of npm run dev) and start the demo again`,
      ];
    case 'SERVICE_NOT_READY':
      return /EADDRINUSE/.test(message)
        ? ['Another program took a port while the demo started.', 'start the demo again']
        : [`A part of the system did not start:\n${detail}`, 'read the last log in the folder below'];
    case 'EADDRINUSE':
      return ['Another program took a port while the demo started.', 'start the demo again'];
    case 'ENOSPC':
      return ['The disk is full.', `free some space, or ${otherFolder}`];
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return system.syscall === 'listen'
        ? [
            `This user may not open port ${String(port)}.`,
            'choose a port above 1023: npm run demo -- --port 3001 (0 takes a free one)',
          ]
        : [
            `The demo may not write ${system.path ?? folder}.`,
            `make this user the folder’s owner (an earlier demo may have run as another user), or ${otherFolder}`,
          ];
  }
  if (/tools\/dev\/build\/build\.mjs/.test(message))
    return [
      `The apps cannot be built from these sources:\n${detail}`,
      'undo what you changed (git status), then start the demo again',
    ];
  return [`The demo failed: ${message}`, 'start it again; if it fails again, read the logs'];
}

/** Removes the code that errors of Node repeat in their message. */
const withoutCode = (message: string): string => message.replace(/^[A-Z_]+: /, '').replace(/\.$/, '');

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const lastLine = (text: string): string => (text.trim().split('\n').at(-1) ?? '').trim().replace(/\.$/, '');
