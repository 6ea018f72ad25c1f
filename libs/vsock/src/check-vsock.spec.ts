import { describeWith } from '@communique-tee/testing/harness';
import { checkVsock, parseAddress } from '.';
import { openSockets } from '@communique-tee/testing/vsock';
import { libc } from './linux/libc';

const others = ['tcp:127.0.0.1:1', 'unix:/x', 'hybrid:/x:1'].map(parseAddress);
const vsock = parseAddress('vsock:16:5000');

describe('the check at start', () => {
  it('accepts every version of Node if no address is vsock', async () => {
    await expect(checkVsock(others, { holder: {} })).resolves.toBeUndefined();
  });

  it('reports a version of Node that lacks vsock', async () => {
    await expect(checkVsock([...others, vsock], { holder: {} })).rejects.toMatchObject({
      code: 'ERR_VSOCK_UNAVAILABLE',
      message: expect.stringContaining(process.version) as string,
    });
  });
});

describeWith(
  process.platform === 'linux'
    ? { available: true }
    : { available: false, reason: `no AF_VSOCK on ${process.platform}` },
  'the check at start, on Linux',
  () => {
    it('passes on this version of Node, and leaves no descriptor', async () => {
      const available = await libc()
        .then((c) => c.close(c.socket()))
        .then(
          () => true,
          () => false,
        );
      const before = openSockets();
      if (available) await checkVsock([vsock]);
      else await expect(checkVsock([vsock])).rejects.toMatchObject({ name: 'SocketError' });
      for (let round = 0; round < 100 && openSockets() > before; round++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      expect(openSockets()).toBeLessThanOrEqual(before);
    });
  },
);
