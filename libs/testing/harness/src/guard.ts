import { spawn } from 'node:child_process';

/**
 * Ends the target when this process has ended, then removes the folder. A shell waits on a pipe that only this process keeps open, so the
 * guard also works after SIGKILL or a crash. A negative target is a process group, as for kill(2).
 *
 * @returns a function that stops the guard. Call it when the target has ended, so that no process with a reused pid gets a signal.
 */
export function guard(target: number, signal: 'TERM' | 'INT' | 'QUIT', folder = ''): () => void {
  const script = `
    end() { [ -z "$3" ] || rm -rf -- "$3"; exit 0; }
    read -r _
    kill -s "$1" -- "$2" 2>/dev/null || end "$@"
    for tenth in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; kill -s 0 -- "$2" 2>/dev/null || end "$@"; done
    for second in 1 2 3 4 5 6 7 8 9; do sleep 1; kill -s 0 -- "$2" 2>/dev/null || end "$@"; done
    kill -s KILL -- "$2" 2>/dev/null
    end "$@"`;
  const shell = spawn('/bin/sh', ['-c', script, 'guard', signal, String(target), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    detached: true, // so that Ctrl-C in the terminal does not end the guard
  });
  shell.on('error', () => undefined); // without /bin/sh there is no guard
  shell.stdin.on('error', () => undefined);
  shell.unref();
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return () => {
    if (shell.pid === undefined) return;
    try {
      process.kill(-shell.pid, 'SIGKILL');
    } catch {
      /* it has ended */
    }
  };
}
