import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import * as koffi from 'koffi';
import { bindIoctl, openNsmDevice } from './device';
import { createIoctlTransport, nsmIoctl } from './ioctl-transport';

/** Returns a transport to a driver in JavaScript that reads and writes through the addresses in the message, as the kernel does. */
function fakeDriver(
  answer: (request: Uint8Array) => { result?: number; bytes?: Uint8Array; length?: bigint },
  delayMs = 0,
) {
  const log = { concurrent: 0, most: 0, closed: 0, ioctls: [] as number[], capacities: [] as bigint[] };
  const transport = createIoctlTransport({
    bind: () =>
      Promise.resolve({
        memory: koffi,
        async ioctl(request, pointer) {
          log.ioctls.push(request);
          log.most = Math.max(log.most, ++log.concurrent);
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          const message = new DataView(koffi.view(pointer, 32));
          const view = (at: number, length: number) =>
            new Uint8Array(koffi.view(message.getBigUint64(at, true), length));
          log.capacities.push(message.getBigUint64(24, true));
          const {
            result = 0,
            bytes = new Uint8Array(),
            length,
          } = answer(view(0, Number(message.getBigUint64(8, true))).slice());
          view(16, bytes.length).set(bytes);
          message.setBigUint64(24, length ?? BigInt(bytes.length), true);
          log.concurrent--;
          return result;
        },
      }),
    close: () => {
      log.closed++;
    },
  });
  return { transport, log };
}

describe('the transport to the NSM driver', () => {
  it('gives the driver the addresses and lengths of the request, and returns what the driver wrote', async () => {
    const { transport, log } = fakeDriver((request) => ({ bytes: Uint8Array.from(request, (byte) => byte ^ 0xff) }));
    expect(await transport.request(Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(254, 253, 252));
    expect(await transport.request(new Uint8Array(4096))).toEqual(new Uint8Array(4096).fill(0xff));
    expect(log.ioctls).toEqual([nsmIoctl, nsmIoctl]);
    expect(log.capacities).toEqual([0x3000n, 0x3000n]);
    await transport.close();
  });

  it('makes one request after the other, and gives each caller the answer to its own request', async () => {
    const { transport, log } = fakeDriver((request) => ({ bytes: request }), 2);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => transport.request(new Uint8Array(i + 1).fill(i))),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => new Uint8Array(i + 1).fill(i)));
    expect(log.most).toBe(1);
    await transport.close();
  });

  it('still makes requests after one that failed', async () => {
    const { transport } = fakeDriver((request) => (request[0] === 0 ? { result: -1 } : { bytes: request }));
    const [first, second] = await Promise.allSettled([
      transport.request(Uint8Array.of(0)),
      transport.request(Uint8Array.of(1)),
    ]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'ERR_NSM_DEVICE' } });
    expect(second).toMatchObject({ status: 'fulfilled', value: Uint8Array.of(1) });
    await transport.close();
  });

  it('refuses a length beyond the buffer', async () => {
    const { transport } = fakeDriver(() => ({ length: 0x3001n }));
    await expect(transport.request(Uint8Array.of(0))).rejects.toMatchObject({ code: 'ERR_NSM_ANSWER' });
    await transport.close();
  });

  it('refuses a request that is too large for the driver', async () => {
    const { transport, log } = fakeDriver((request) => ({ bytes: request }));
    await expect(transport.request(new Uint8Array(4097))).rejects.toMatchObject({ code: 'ERR_NSM_INPUT_TOO_LARGE' });
    expect(log.ioctls).toEqual([]);
    await transport.close();
  });

  it('finishes running requests, closes once, and then refuses requests', async () => {
    const { transport, log } = fakeDriver((request) => ({ bytes: request }), 5);
    const underWay = transport.request(Uint8Array.of(7));
    await Promise.all([transport.close(), transport.close()]);
    expect(await underWay).toEqual(Uint8Array.of(7));
    expect(log.closed).toBe(1);
    await expect(transport.request(Uint8Array.of(7))).rejects.toMatchObject({ code: 'ERR_NSM_CLOSED' });
  });
});

describe('openNsmDevice', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsm-device-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('reports a device that is absent', () => {
    expect(() => openNsmDevice(join(folder, 'nsm'))).toThrow(
      expect.objectContaining({ code: 'ERR_NSM_DEVICE_ABSENT', message: expect.stringContaining('not an enclave') }),
    );
  });

  it('reports a path that cannot be opened as a device', () => {
    expect(() => openNsmDevice(folder)).toThrow(expect.objectContaining({ code: 'ERR_NSM_DEVICE' }));
  });

  it('calls the real ioctl, which a plain file refuses', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const transport = openNsmDevice(file);
    await expect(transport.request(Uint8Array.of(0))).rejects.toMatchObject({ code: 'ERR_NSM_DEVICE' });
    await transport.close();
  });

  it('gives memory to the real ioctl, which writes into it', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, new Uint8Array(1234));
    const fd = openSync(file, 'r');
    const { memory, ioctl } = await bindIoctl(fd);
    const pointer: unknown = memory.alloc('uint8_t', 8);
    try {
      const fionread = 0x541b; // asks how many bytes can be read; the answer is an int
      expect(await ioctl(fionread, pointer)).toBe(0);
      expect(new DataView(memory.view(pointer, 8)).getInt32(0, true)).toBe(1234);
    } finally {
      memory.free(pointer);
      closeSync(fd);
    }
  });
});
