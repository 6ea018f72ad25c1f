import { chmod } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';

/** The running app of an enclave. */
export interface RunningApp {
  readonly exited: Promise<unknown>;
  kill(): Promise<unknown>;
}

export interface HypervisorOptions {
  readonly pcr0: string;
  /** Starts the enclave's app, and resolves when the app listens. */
  readonly start: () => Promise<RunningApp>;
}

/**
 * Replaces the hypervisor that runs enclaves for nitro-cli. As on Nitro, a process in the parent keeps the enclave running. When that
 * process ends, for example at a reboot, the enclave ends too.
 */
export class HypervisorStandIn {
  /** If set, no enclave can start, and this is the error. */
  refusal: string | undefined;
  /** The number of enclaves that were started. */
  started = 0;
  #running: { readonly id: string; readonly app: RunningApp } | undefined;
  readonly #server: Server;

  constructor(private readonly options: HypervisorOptions) {
    this.#server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://nitro');
      void this.#answer(pathname, searchParams, response).catch((error: unknown) => {
        response.writeHead(500);
        response.end(error instanceof Error ? error.message : String(error));
      });
    });
  }

  async listen(path: string): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(path, done));
    await chmod(path, 0o666);
  }

  /** Ends the enclave as if it had crashed. */
  async killEnclave(): Promise<void> {
    await this.#running?.app.kill();
  }

  async close(): Promise<void> {
    await this.killEnclave();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(path: string, query: URLSearchParams, response: ServerResponse): Promise<void> {
    const end = (status: number, value: unknown) => {
      response.writeHead(status);
      response.end(JSON.stringify(value));
    };
    switch (path) {
      case '/describe-eif':
        return end(200, { Measurements: { PCR0: this.options.pcr0 } });
      case '/describe-enclaves':
        return end(200, this.#described());
      case '/terminate-enclave':
        if (this.#running?.id !== query.get('id')) return end(400, 'there is no such enclave');
        await this.#running?.app.kill();
        return end(200, { Terminated: true });
      case '/run-enclave': {
        if (this.refusal !== undefined) return end(400, this.refusal);
        if (this.#running !== undefined) return end(400, 'the context id is taken');
        const app = await this.options.start();
        const running = (this.#running = { id: `i-0parent-enc${String(++this.started)}`, app });
        const gone = () => {
          if (this.#running === running) this.#running = undefined;
          response.end();
        };
        void app.exited.then(gone);
        // The response stays open as long as the enclave runs. Closing the connection ends the enclave.
        response.on('close', () => void app.kill().then(gone, gone));
        response.writeHead(200);
        response.write(`${JSON.stringify({ EnclaveID: running.id })}\n`);
        return;
      }
      default:
        end(404, 'unknown');
    }
  }

  #described(): object[] {
    if (this.#running === undefined) return [];
    const Measurements = { PCR0: this.options.pcr0 };
    return [{ EnclaveName: 'communique', EnclaveID: this.#running.id, State: 'RUNNING', Flags: 'NONE', Measurements }];
  }
}

/**
 * The machine's command `nitro-cli`. As with AWS's command, `run-enclave` leaves a process that keeps the enclave running.
 */
export const NITRO_CLI = `#!/bin/bash
set -euo pipefail
log=/var/log/nitro_enclaves/nitro_enclaves.log
echo "[nitro-cli] $1" >>"$log"
[[ ! -O $log ]] || chmod 0766 "$log"
ask() { curl --silent --show-error --no-buffer --unix-socket /srv/world/nitro.sock "http://nitro/$1"; }
case $1 in
  run-enclave)
    # The background process holds the enclave. It writes to a file, so that it does not keep this command's output open.
    answer=$(mktemp)
    ask run-enclave >"$answer" 2>>"$log" </dev/null &
    for ((n = 0; n < 600; n++)); do
      [[ ! -s $answer ]] || break
      kill -0 $! 2>/dev/null || break
      sleep 0.1
    done
    first=$(head -n 1 "$answer")
    rm -f "$answer"
    if [[ $first != *EnclaveID* ]]; then
      echo "[nitro-cli] $first" >>"$log"
      exit 1
    fi
    echo "$first"
    ;;
  terminate-enclave) ask "terminate-enclave?id=$3" ;;
  *) ask "$1" ;;
esac
`;
