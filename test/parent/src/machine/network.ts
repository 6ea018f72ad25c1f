import { chmod } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { spawnService, workspaceRoot, type Service } from '@communique-tee/testing/harness';

/** The two ends of the virtual cable between the test and the machine. The addresses are from a range for documentation (RFC 5737). */
const WORLD = '192.0.2.1';
export const MACHINE = '192.0.2.2';

/** An address in the machine's network. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The machine's network: an isolated network namespace, with connections to the services that the test runs on loopback. */
export interface MachineNetwork {
  /** The namespace's file, for `nsenter --net=<file>`. */
  readonly file: string;
  /** Returns the port on the test's loopback that leads to an address of the machine. */
  portOf(address: Address): number;
  stop(): Promise<void>;
}

/**
 * @param folder the folder for the sockets between the two networks
 * @param outside the addresses that the machine can reach, each with a port on the test's loopback
 * @param inside the addresses of the machine that the test can reach
 */
export async function startNetwork(
  folder: string,
  outside: readonly (Address & { readonly to: number })[],
  inside: readonly Address[],
): Promise<MachineNetwork> {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  /** Accepts connections at a unix socket, or without `from` on loopback, and connects each to `to`. */
  const carry = async (from: string | undefined, to: { readonly path: string } | { readonly port: number }) => {
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ ...('path' in to ? to : { host: '127.0.0.1', port: to.port }), allowHalfOpen: true });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    servers.push(server);
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      if (from === undefined) server.listen(0, '127.0.0.1', done);
      else server.listen(from, done);
    });
    return server;
  };
  const routes: string[] = [];
  const ports = new Map<string, number>();
  const nameOf = ({ host, port }: Address) => `${host}:${String(port)}`;
  for (const [number, address] of outside.entries()) {
    const path = join(folder, `out-${String(number)}`);
    await carry(path, { port: address.to });
    await chmod(path, 0o600);
    routes.push(`${nameOf(address)}=${path}`);
  }
  for (const [number, address] of inside.entries()) {
    const path = join(folder, `in-${String(number)}`);
    ports.set(nameOf(address), ((await carry(undefined, { path })).address() as AddressInfo).port);
    routes.push(`${path}=${nameOf(address)}`);
  }
  const addresses = [...new Set(outside.map(({ host }) => host))].map((host) => `ip address add ${host}/32 dev lo`);
  // Makes the bridge's network and the machine's, and joins them by one virtual cable. Neither has another connection
  const script = `set -e
unshare --net sleep infinity &
machine=$!
while [[ $(readlink /proc/self/ns/net) == "$(readlink /proc/$machine/ns/net)" ]]; do sleep 0.05; done
ip link set lo up
ip link add world type veth peer name host0 netns $machine
ip address add ${WORLD}/24 dev world
ip link set world up
${addresses.join('\n')}
inside() { nsenter --net=/proc/$machine/ns/net ip "$@"; }
inside link set lo up
inside address add ${MACHINE}/24 dev host0
inside link set host0 up
inside route add default via ${WORLD}
echo "machine $machine"
exec "$@"`;
  const bridge: Service = await spawnService({
    command: 'unshare',
    args: ['--net', 'bash', '-c', script, 'bash', process.execPath]
      .concat(join(workspaceRoot(), 'test/parent/src/machine/bridge.mjs'))
      .concat(routes),
    readyWhen: /machine (\d+)[^]*bridged/,
  });
  return {
    file: `/proc/${bridge.ready?.[1] ?? ''}/ns/net`,
    portOf: (address) => {
      const port = ports.get(nameOf(address));
      if (port === undefined) throw new RangeError(`${nameOf(address)} is not reached from here`);
      return port;
    },
    async stop() {
      await bridge.stop(1000);
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
    },
  };
}
