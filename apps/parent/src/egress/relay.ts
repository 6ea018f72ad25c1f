import type { Socket } from 'node:net';
import type { CloseReason, Direction } from './egress-metrics';

/**
 * Carries bytes both ways until both sides have ended, one has broken, or neither has sent a byte for `idleTimeoutMs`. Each side's end is
 * forwarded separately (half-close). A slow reader slows the other side down: only the two streams' own buffers (64 KiB each way) hold
 * data. Both sockets must allow half-close. They are destroyed when this resolves.
 */
export function relay(
  enclave: Socket,
  destination: Socket,
  idleTimeoutMs: number,
  passed: (direction: Direction, bytes: number) => void,
  cut: AbortSignal,
): Promise<CloseReason> {
  return new Promise((resolve) => {
    let closed = 0;
    let outcome: CloseReason | undefined;
    const finish = (reason: CloseReason) => {
      outcome ??= reason;
      enclave.destroy();
      destination.destroy();
    };
    const onCut = () => finish('drain');
    cut.addEventListener('abort', onCut, { once: true });
    for (const side of [enclave, destination]) {
      side.on('error', () => finish('error'));
      side.setTimeout(idleTimeoutMs, () => finish('idle'));
      side.once('close', () => {
        // This side broke without closing, so the other side's connection is cut too
        if (!side.readableEnded || !side.writableFinished) finish('error');
        if (++closed < 2) return;
        cut.removeEventListener('abort', onCut);
        resolve(outcome ?? 'end');
      });
    }
    enclave.pipe(destination);
    destination.pipe(enclave);
    enclave.on('data', ({ length }: Buffer) => passed('to', length));
    destination.on('data', ({ length }: Buffer) => passed('from', length));
    if (cut.aborted) onCut();
  });
}
