import type * as Koffi from 'koffi';
import { NsmError } from './errors';
import { maxRequestBytes, maxResponseBytes, type NsmTransport } from './transport';

/** _IOWR(0x0A, 0, struct nsm_message), 32 bytes (Linux: include/uapi/linux/nsm.h has it as NSM_IOCTL_RAW's ancestor). */
export const nsmIoctl = 0xc020_0a00;

/** Two iovecs: address and length of the request, address and capacity of the response; the driver writes the length. */
const messageBytes = 32;

export interface IoctlDevice {
  memory: Pick<typeof Koffi, 'alloc' | 'free' | 'view' | 'address'>;
  /** runs off the event loop; 0 is success */
  ioctl(request: number, message: unknown): Promise<number>;
  close(): void;
}

/**
 * Requests one after the other, as the driver takes them anyway, through one piece of memory that does not move while the
 * call runs on another thread.
 */
export function createIoctlTransport(device: IoctlDevice): NsmTransport {
  const memory: unknown = device.memory.alloc('uint8_t', messageBytes + maxRequestBytes + maxResponseBytes);
  const bytes = new Uint8Array(device.memory.view(memory, messageBytes + maxRequestBytes + maxResponseBytes));
  const address = device.memory.address(memory);
  const message = new DataView(bytes.buffer, bytes.byteOffset, messageBytes);
  const response = messageBytes + maxRequestBytes;
  const lengthAt = 24;

  let queue: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;

  const call = async (request: Uint8Array): Promise<Uint8Array> => {
    bytes.set(request, messageBytes);
    const fields = [address + BigInt(messageBytes), BigInt(request.length), address + BigInt(response), BigInt(maxResponseBytes)];
    fields.forEach((field, i) => {
      message.setBigUint64(i * 8, field, true);
    });
    const result = await device.ioctl(nsmIoctl, memory);
    // errno belongs to the thread that made the call, so it is not known here.
    if (result !== 0) throw new NsmError('ERR_NSM_DEVICE', 'the NSM driver refused the request');
    const length = message.getBigUint64(lengthAt, true);
    if (length > BigInt(maxResponseBytes)) throw new NsmError('ERR_NSM_ANSWER', 'the NSM driver says that it wrote more than fits');
    return bytes.slice(response, response + Number(length));
  };

  return {
    request(request) {
      if (closed) return Promise.reject(new NsmError('ERR_NSM_CLOSED', 'the NSM was closed'));
      if (request.length > maxRequestBytes) return Promise.reject(new NsmError('ERR_NSM_INPUT_TOO_LARGE', `a request of ${request.length} bytes, ${maxRequestBytes} allowed`));
      const copy = request.slice();
      const result = queue.then(() => call(copy));
      queue = result.catch(() => undefined);
      return result;
    },
    close() {
      closed ??= queue.then(() => {
        bytes.fill(0);
        device.memory.free(memory);
        device.close();
      });
      return closed;
    },
  };
}
