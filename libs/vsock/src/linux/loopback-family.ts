import { loadLibc, type Family, type Libc } from './libc';

/**
 * Uses TCP on loopback in place of AF_VSOCK, for tests on machines where AF_VSOCK has no peer. Only the address family and the form of
 * addresses differ; the system calls and the code around them are the same.
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
