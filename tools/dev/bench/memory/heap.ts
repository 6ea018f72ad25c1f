import * as z from 'zod';

const answerSchema = z.object({ id: z.int(), result: z.record(z.string(), z.unknown()) });
const MIB = 2 ** 20;

/**
 * Collects all garbage of a Node process through its inspector. Returns how many MiB of the heap are then in use.
 * @param output the output of a process that runs with --inspect
 */
export async function heapInUseMiB(output: string): Promise<number> {
  const url = /Debugger listening on (ws:\/\/\S+)/.exec(output)?.[1];
  if (url === undefined) throw new Error('the process has no inspector');
  const socket = new WebSocket(url);
  const opened = Promise.withResolvers<undefined>();
  const waiting = new Map<number, (result: Record<string, unknown>) => void>();
  socket.addEventListener('open', () => {
    opened.resolve(undefined);
  });
  socket.addEventListener('error', () => {
    opened.reject(new Error('the inspector cannot be reached'));
  });
  socket.addEventListener('message', ({ data }) => {
    const parsed = answerSchema.safeParse(JSON.parse(String(data)));
    if (parsed.success) waiting.get(parsed.data.id)?.(parsed.data.result);
  });
  let id = 0;
  const call = (method: string) =>
    new Promise<Record<string, unknown>>((resolve) => {
      waiting.set(++id, resolve);
      socket.send(JSON.stringify({ id, method }));
    });
  try {
    await opened.promise;
    await call('HeapProfiler.collectGarbage');
    return z.object({ usedSize: z.number() }).parse(await call('Runtime.getHeapUsage')).usedSize / MIB;
  } finally {
    socket.close();
  }
}
