import type * as Koffi from 'koffi';
import { NsmError } from './errors';

/** Sends a CBOR request to the NSM and returns its CBOR response. No other code reaches the hardware. */
export interface NsmTransport {
  /**
   * @param bytes one request, at most 4096 bytes
   * @returns the response, at most 12,288 bytes, as a copy
   */
  request(bytes: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Limits of the driver (aws-nitro-enclaves-nsm-api, src/driver/mod.rs). */
export const maxRequestBytes = 0x1000;
export const maxResponseBytes = 0x3000;

/** _IOWR(0x0A, 0, struct of 32 bytes): aws-nitro-enclaves-nsm-api, src/driver/mod.rs; Linux include/uapi/linux/nsm.h (NSM_IOCTL_RAW). */
export const nsmIoctl = 0xc020_0a00;

/**
 * Two iovecs: address and length of the request, then address and capacity of the response. The driver overwrites the capacity with the
 * response's length.
 */
const messageBytes = 32;
const lengthAt = 24;
const responseAt = messageBytes + maxRequestBytes;
const totalBytes = responseAt + maxResponseBytes;

export interface IoctlDevice {
  /** called once, before the first request */
  bind(): Promise<{
    memory: Pick<typeof Koffi, 'alloc' | 'free' | 'view' | 'address'>;
    /** runs off the event loop; 0 is success */
    ioctl(request: number, message: unknown): Promise<number>;
  }>;
  close(): void;
}

/**
 * Returns a transport that sends one request at a time, because the driver handles one at a time. It uses native memory, which does not
 * move while a call runs on another thread.
 */
export function createIoctlTransport(device: IoctlDevice): NsmTransport {
  let opened: Promise<{ call(request: Uint8Array): Promise<Uint8Array>; free(): void }> | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;

  return {
    request(request) {
      if (closed) return Promise.reject(new NsmError('ERR_NSM_CLOSED', 'the NSM was closed'));
      if (request.length > maxRequestBytes) {
        return Promise.reject(
          new NsmError('ERR_NSM_INPUT_TOO_LARGE', `a request of ${request.length} bytes, ${maxRequestBytes} allowed`),
        );
      }
      const copy = request.slice();
      opened ??= open(device);
      const caller = opened;
      const result = queue.then(async () => (await caller).call(copy));
      queue = result.catch(() => undefined);
      return result;
    },
    close() {
      closed ??= queue.then(async () => {
        const caller = await opened?.catch(() => undefined);
        caller?.free();
        device.close();
      });
      return closed;
    },
  };
}

async function open(device: IoctlDevice) {
  const { memory, ioctl } = await device.bind();
  const pointer: unknown = memory.alloc('uint8_t', totalBytes);
  const bytes = new Uint8Array(memory.view(pointer, totalBytes));
  const address = memory.address(pointer);
  const message = new DataView(bytes.buffer, bytes.byteOffset, messageBytes);

  return {
    async call(request: Uint8Array): Promise<Uint8Array> {
      bytes.set(request, messageBytes);
      const fields = [
        address + BigInt(messageBytes),
        BigInt(request.length),
        address + BigInt(responseAt),
        BigInt(maxResponseBytes),
      ];
      fields.forEach((field, i) => {
        message.setBigUint64(i * 8, field, true);
      });
      const result = await ioctl(nsmIoctl, pointer);
      // The error cannot name the reason: errno is per thread, and the call ran on another thread.
      if (result !== 0) throw new NsmError('ERR_NSM_DEVICE', 'the NSM driver refused the request');
      const length = message.getBigUint64(lengthAt, true);
      if (length > BigInt(maxResponseBytes))
        throw new NsmError('ERR_NSM_ANSWER', 'the NSM driver reports that it wrote more than fits');
      return bytes.slice(responseAt, responseAt + Number(length));
    },
    free() {
      bytes.fill(0); // a request may have carried secret data
      memory.free(pointer);
    },
  };
}
