import { closeSync, openSync } from 'node:fs';
import { NsmError } from './errors';
import { createIoctlTransport, type IoctlDevice, type NsmTransport } from './ioctl-transport';

/**
 * Opens the device of the NSM driver, which an enclave's kernel has.
 *
 * @param path default `/dev/nsm`
 * @throws NsmError ERR_NSM_DEVICE_ABSENT if there is no device, ERR_NSM_DEVICE if it cannot be opened
 * @example const nsm = createNsm(openNsmDevice());
 */
export function openNsmDevice(path = '/dev/nsm'): NsmTransport {
  let fd: number;
  try {
    fd = openSync(path, 'r+');
  } catch (cause) {
    const absent = ['ENOENT', 'ENODEV', 'ENXIO'].includes((cause as NodeJS.ErrnoException).code ?? '');
    throw absent
      ? new NsmError(
          'ERR_NSM_DEVICE_ABSENT',
          `there is no ${path}: this is not an enclave, or its kernel lacks the NSM driver`,
          cause,
        )
      : new NsmError('ERR_NSM_DEVICE', `${path} cannot be opened`, cause);
  }
  return createIoctlTransport({
    bind: () => bindIoctl(fd),
    close: () => {
      closeSync(fd);
    },
  });
}

/** Loads koffi, a native library, only at the first request, so that a program without a device does not need it. */
export async function bindIoctl(fd: number): ReturnType<IoctlDevice['bind']> {
  try {
    const koffi = await import('koffi');
    // ioctl is variadic in C. On Linux (x86-64, arm64) its third argument is passed as if ioctl were not variadic.
    const ioctl = koffi.load('libc.so.6').func('int ioctl(int fd, unsigned long request, void *argument)');
    return {
      memory: koffi,
      ioctl: (request, message) =>
        new Promise((resolve, reject) => {
          ioctl.async(fd, request, message, (error: unknown, result: number) => {
            if (error) reject(new NsmError('ERR_NSM_DEVICE', 'ioctl could not be called', error));
            else resolve(result);
          });
        }),
    };
  } catch (error) {
    throw new NsmError('ERR_NSM_DEVICE', 'libc cannot be called through koffi', error);
  }
}
