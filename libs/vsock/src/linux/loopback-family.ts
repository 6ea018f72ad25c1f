import { loadLibc, type Family, type Libc } from './libc';

/**
 * Replaces AF_VSOCK by TCP on loopback, for machines where AF_VSOCK has no peer. The system calls on our own descriptor, libuv's handles
 * and the code after them are the same. Only the family and the form of an address differ.
 */
export const LOOPBACK: Family = {
  name: 'AF_INET',
  domain: 2,
  sockaddr(_cid, port) {
    const address = Buffer.alloc(16);
    address.writeUInt16LE(2, 0);
    address.writeUInt16BE(port, 2);
    address.set([127, 0, 0, 1], 4);
    return address;
  },
};

export const loopbackLibc = (): Promise<Libc> => loadLibc(LOOPBACK);
