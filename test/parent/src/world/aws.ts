import { createServer, type Server } from 'node:http';
import { chmod } from 'node:fs/promises';

/** Answers the parent's requests to AWS from memory. */
export class AwsStandIn {
  /** The objects by key. */
  readonly store = new Map<string, Uint8Array>();
  /** The secret values by ARN. */
  readonly secrets = new Map<string, string>();
  /** The state of this instance in its scaling group. */
  lifecycleState = 'Pending:Wait';
  /** The instance that has the Elastic IP. */
  addressHolder: string | undefined;
  #volumeHolder: string | undefined;
  /** The operations that AWS refuses. */
  readonly refused = new Set<string>();
  /** The requested operations, in order. */
  readonly asked: string[] = [];
  #server: Server | undefined;

  constructor(
    readonly instance: string,
    readonly publicAddress: string,
    /** Called when the data volume is attached to this instance, or detached. */
    private readonly onVolume: (here: boolean) => void,
  ) {}

  /** The instance that has the data volume. */
  get volumeHolder(): string | undefined {
    return this.#volumeHolder;
  }

  set volumeHolder(holder: string | undefined) {
    this.#volumeHolder = holder;
    this.onVolume(holder === this.instance);
  }

  /** Listens on a unix socket. The body of a request contains the command's arguments, each ended by a NUL. */
  async listen(path: string): Promise<void> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const [, operation = '', ...options] = Buffer.concat(parts).toString().split('\0').slice(0, -1);
        this.asked.push(operation);
        const answer = this.#answer(operation, optionsOf(options));
        response.writeHead(answer instanceof Refusal ? 400 : 200);
        response.end(answer instanceof Refusal ? answer.text(operation) : answer);
      });
    });
    this.#server = server;
    await new Promise<void>((done) => server.listen(path, done));
    // Several users of the parent call AWS.
    await chmod(path, 0o666);
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  /** @throws Error if the secret has no value */
  secret(arn: string): string {
    const value = this.secrets.get(arn);
    if (value === undefined) throw new Error(`nothing was put into ${arn}`);
    return value;
  }

  #answer(operation: string, options: ReadonlyMap<string, string>): string | Uint8Array | Refusal {
    if (this.refused.has(operation)) return new Refusal('UnauthorizedOperation');
    switch (operation) {
      case 'get-object':
        return this.store.get(options.get('--key') ?? '') ?? new Refusal('NoSuchKey');
      case 'get-secret-value': {
        const value = this.secrets.get(options.get('--secret-id') ?? '');
        return value === undefined ? new Refusal('ResourceNotFoundException') : json({ SecretString: value });
      }
      case 'put-secret-value':
        this.secrets.set(options.get('--secret-id') ?? '', options.get('--secret-string') ?? '');
        return json({});
      case 'describe-volumes':
        return json({
          Volumes: [
            this.volumeHolder === undefined
              ? { State: 'available', Attachments: [] }
              : { State: 'in-use', Attachments: [{ InstanceId: this.volumeHolder, State: 'attached' }] },
          ],
        });
      case 'attach-volume':
        if (this.volumeHolder !== undefined) return new Refusal('VolumeInUse');
        this.volumeHolder = options.get('--instance-id');
        return json({});
      case 'describe-auto-scaling-instances':
        return json({ AutoScalingInstances: [{ LifecycleState: this.lifecycleState }] });
      case 'complete-lifecycle-action':
        this.lifecycleState = 'InService';
        return json({});
      case 'record-lifecycle-action-heartbeat':
        return json({});
      case 'describe-addresses':
        return json({ Addresses: [{ PublicIp: this.publicAddress, InstanceId: this.addressHolder }] });
      case 'associate-address':
        this.addressHolder = options.get('--instance-id');
        return json({});
      default:
        return new Refusal('UnknownOperation');
    }
  }
}

class Refusal {
  constructor(private readonly code: string) {}

  text(operation: string): string {
    return `\nAn error occurred (${this.code}) when calling the ${operation} operation: refused by the stand-in\n`;
  }
}

const json = (value: object) => JSON.stringify(value);

function optionsOf(words: readonly string[]): Map<string, string> {
  return new Map(words.flatMap((word, at) => (word.startsWith('--') ? [[word, words[at + 1] ?? ''] as const] : [])));
}

/**
 * The command `aws` of the parent under test. It sends its arguments to the stand-in, and the content of a file for `file://<path>`. For
 * get-object it writes the answer into the file that the last argument names.
 */
export const AWS_COMMAND = `#!/bin/bash
set -euo pipefail
words=()
for word; do
  [[ $word != file://* ]] || word=$(<"\${word#file://}")
  words+=("$word")
done
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
status=$(printf '%s\\0' "\${words[@]}" | curl --silent --show-error --max-time 60 --unix-socket /srv/world/aws.sock --output "$answer" --write-out '%{http_code}' --data-binary @- http://aws/)
if [[ $status != 200 ]]; then
  cat "$answer" >&2
  exit 254
elif [[ $2 == get-object ]]; then
  cp "$answer" "\${!#}"
else
  cat "$answer"
fi
`;
