// Runs inside the machine's isolated network. Each argument `<from>=<to>` forwards connections from one end to the other; an end is `<IPv4
// address>:<port>` or the path of a unix socket. The test uses the other side of the unix sockets.
import { connect, createServer } from 'node:net';

const end = (text) => {
  const [, host, port] = /^([0-9.]+):([0-9]+)$/.exec(text) ?? [];
  return host === undefined ? { path: text } : { host, port: Number(port) };
};

const routes = process.argv.slice(2).map((argument) => argument.split('='));
await Promise.all(
  routes.map(
    ([from, to]) =>
      new Promise((done, failed) => {
        createServer({ allowHalfOpen: true }, (near) => {
          const far = connect({ ...end(to), allowHalfOpen: true });
          for (const [one, other] of [
            [near, far],
            [far, near],
          ]) {
            one.on('error', () => other.destroy());
            one.on('close', () => other.destroy());
            one.pipe(other);
          }
        })
          .on('error', failed)
          .listen(end(from), () => done(undefined));
      }),
  ),
);
console.log('bridged');
