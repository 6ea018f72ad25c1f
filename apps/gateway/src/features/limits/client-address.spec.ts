import { clientAddress } from './client-address';

describe('the address for which a request is counted', () => {
  it.each([
    ['203.0.113.9', '127.0.0.1', '203.0.113.9'],
    ['::ffff:203.0.113.9', '127.0.0.1', '203.0.113.9'],
    ['::ffff:cb00:7109', '127.0.0.1', '203.0.113.9'],
    ['0:0:0:0:0:FFFF:CB00:0009', '127.0.0.1', '203.0.0.9'],
    ['::ffff:0:cb00:7109', '127.0.0.1', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '127.0.0.1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001::9', '127.0.0.1', '2001:db8:1:0::/64'],
    ['::1', undefined, '0:0:0:0::/64'],
    ['fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
    ['garbage\r\n', '198.51.100.1', '198.51.100.1'],
    ['garbage', undefined, 'unknown'],
  ])('is, for the claimed address %j from the peer %j: %s', (claimed, peer, expected) => {
    expect(clientAddress(claimed, peer)).toBe(expected);
  });
});
