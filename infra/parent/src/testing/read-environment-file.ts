import { run } from './run';

/** Reads an environment file of systemd. bash reads quoted values the same way. @throws Error if bash fails or prints an error */
export async function readEnvironmentFile(file: string): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await run('bash', ['--norc', '-c', 'set -aeu; . "$0"; env -0', file], {
    env: { PATH: '/usr/bin:/bin' },
  });
  if (code !== 0 || stderr !== '') throw new Error(`bash exits with ${String(code)} on ${file}: ${stderr}`);
  const all = stdout
    .split('\0')
    .flatMap((entry) =>
      entry.includes('=') ? [[entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const] : [],
    );
  return Object.fromEntries(all.filter(([name]) => !['PATH', 'PWD', 'SHLVL', '_'].includes(name)));
}
