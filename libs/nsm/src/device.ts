import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { NsmError } from './errors';
import { createIoctlTransport } from './ioctl-transport';
import type { NsmTransport } from './transport';

/**
 * Opens the device of the NSM driver, which an enclave's kernel has.
 *
 * @param path default `/dev/nsm`
 * @throws NsmError ERR_NSM_DEVICE_ABSENT where there is none, ERR_NSM_DEVICE where it cannot be opened
 * @example
 * const nsm = createNsm(openNsmDevice());
 */
export function openNsmDevice(path = '/dev/nsm'): NsmTransport {
  let fd: number;
  try {
    fd = openSync(path, 'r+');
  } catch (cause) {
    const absent = ['ENOENT', 'ENODEV', 'ENXIO'].includes((cause as NodeJS.ErrnoException).code ?? '');
    throw absent
      ? new NsmError('ERR_NSM_DEVICE_ABSENT', `there is no ${path}: this is not an enclave, or its kernel lacks the NSM driver`, cause)
      : new NsmError('ERR_NSM_DEVICE', `${path} cannot be opened`, cause);
  }
  try {
    const koffi = loadKoffi();
    // ioctl is variadic in C; on Linux (x86-64, arm64) a pointer as third argument is passed the same either way.
    const ioctl = koffi.load('libc.so.6').func('int ioctl(int fd, unsigned long request, void *argument)');
    return createIoctlTransport({
      memory: koffi,
      ioctl: (request, message) =>
        new Promise((resolve, reject) => {
          ioctl.async(fd, request, message, (error: unknown, result: number) => {
            if (error) reject(new NsmError('ERR_NSM_DEVICE', 'the call of ioctl failed', error));
            else resolve(result);
          });
        }),
      close: () => {
        closeSync(fd);
      },
    });
  } catch (error) {
    closeSync(fd);
    throw error instanceof NsmError ? error : new NsmError('ERR_NSM_DEVICE', 'koffi could not be loaded', error);
  }
}

/** Loaded only where there is a device: nobody else needs a native library. */
function loadKoffi(): typeof Koffi {
  return createRequire(__filename)('koffi') as typeof Koffi;
}
