import { loadLibc, type Family, type Libc } from '../linux/libc';

/** The context id that stands for "any" when listening. */
const ANY = 0xffff_ffff;

/**
 * TCP on loopback in the place of AF_VSOCK, for machines where AF_VSOCK has no peer: the same system calls on a descriptor of our
 * own, the same handles of libuv, and everything that comes after. Only the family and the form of an address differ.
 */
export const LOOPBACK: Family = {
  name: 'AF_INET',
  domain: 2,
  sockaddr(cid, port) {
    const address = Buffer.alloc(16);
    address.writeUInt16LE(2, 0);
    address.writeUInt16BE(port, 2);
    address.set(cid === 1 || cid === ANY ? [127, 0, 0, 1] : [192, 0, 2, 1], 4); // RFC 5737: the other one is nobody's
    return address;
  },
};

export const loopbackLibc = (): Promise<Libc> => loadLibc(LOOPBACK);
