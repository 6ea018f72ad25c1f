import { freePort, spawnService } from '@communique-tee/testing/harness';
import type { Installed } from '@communique-tee/testing/judges';

export interface Moto extends AsyncDisposable {
  /** The host is `localhost` and not an address, because S3 clients may put the bucket before it: `bucket.localhost`. */
  readonly endpoint: string;
  /** Empties the account. */
  reset(): Promise<void>;
}

/** moto's default account. */
export const MOTO_ACCOUNT = '123456789012';
export const MOTO_CREDENTIALS = { accessKeyId: 'AKIAMOTO00000000', secretAccessKey: 'secretOfMoto' };

/** Starts moto's server for all AWS services on a free loopback port. */
export async function startMoto({ python }: Installed): Promise<Moto> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${String(port)}`;
  const service = await spawnService({
    command: python,
    args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    readyWhen: () =>
      fetch(`${origin}/moto-api/`).then(
        ({ ok }) => ok,
        () => false,
      ),
    readyTimeoutMs: 120_000,
  });
  return {
    endpoint: `http://localhost:${String(port)}`,
    reset: async () => {
      const { ok } = await fetch(`${origin}/moto-api/reset`, { method: 'POST' });
      if (!ok) throw new Error('moto was not reset');
    },
    [Symbol.asyncDispose]: async () => void (await service.stop()),
  };
}
