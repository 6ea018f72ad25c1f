import type { System } from '@communique-tee/test-system';
import { readProgress } from '../judge/record';
import type { Injector } from '@communique-tee/test-system';
import type { SentMessage } from '../senders/sent-message';

const EVERY_MS = 5000;

export interface Watched {
  readonly system: System;
  readonly sent: ReadonlyMap<string, SentMessage>;
  readonly injector: Injector;
  readonly total: number;
  readonly say: (line: string) => void;
}

export function watchProgress({ system, sent, injector, total, say }: Watched): { stop: () => void } {
  const startedMs = performance.now();
  let stopped = false;
  const timer = setInterval(() => {
    void readProgress(system.databaseUrl)
      .then(
        ({ ended, waiting }) => `ended ${String(ended)}, waiting ${String(waiting)}`,
        () => 'database away',
      )
      .then((database) => {
        if (stopped) return;
        let accepted = 0;
        for (const message of sent.values()) if (message.accepted > 0) accepted++;
        const { gateway, enclave, redis, postgres } = injector.injected.kills;
        const kills = `kills: gateway ${String(gateway)}, enclave ${String(enclave)}, redis ${String(redis)}, postgres ${String(postgres)}`;
        const down = injector.down.size > 0 ? `; away: ${[...injector.down].join(', ')}` : '';
        say(
          `${String(Math.round((performance.now() - startedMs) / 1000)).padStart(4)} s  posted ${String(sent.size)} of ${String(total)}, accepted ${String(accepted)}, ${database}; ${kills}${down}`,
        );
      });
  }, EVERY_MS);
  return {
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}
