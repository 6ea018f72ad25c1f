import fc from 'fast-check';
import { AddressError, formatAddress, parseAddress, type Address } from '.';

const codeOf = (text: string) => {
  try {
    parseAddress(text);
  } catch (error) {
    return error instanceof AddressError ? error.code : error;
  }
  return 'none';
};

describe('parseAddress', () => {
  it.each<[string, Address]>([
    ['vsock:5000', { kind: 'vsock', cid: null, port: 5000 }],
    ['vsock:16:5000', { kind: 'vsock', cid: 16, port: 5000 }],
    ['vsock:4294967294:4294967294', { kind: 'vsock', cid: 4_294_967_294, port: 4_294_967_294 }],
    ['unix:/run/enclave.sock', { kind: 'unix', path: '/run/enclave.sock' }],
    ['unix:a:b', { kind: 'unix', path: 'a:b' }],
    ['hybrid:/run/vm.vsock:5000', { kind: 'hybrid', path: '/run/vm.vsock', port: 5000 }],
    ['hybrid:a:b:1', { kind: 'hybrid', path: 'a:b', port: 1 }],
    ['tcp:127.0.0.1:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
    ['tcp:[::1]:5000', { kind: 'tcp', host: '::1', port: 5000 }],
    ['tcp:localhost:65535', { kind: 'tcp', host: 'localhost', port: 65_535 }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  it.each([
    ['', 'ERR_ADDRESS_SCHEME'],
    ['5000', 'ERR_ADDRESS_SCHEME'],
    ['http://127.0.0.1:5000', 'ERR_ADDRESS_SCHEME'],
    ['VSOCK:5000', 'ERR_ADDRESS_SCHEME'],
    [' vsock:5000', 'ERR_ADDRESS_SCHEME'],
    ['vsock:', 'ERR_ADDRESS_PORT'],
    ['vsock:0', 'ERR_ADDRESS_PORT'],
    ['vsock:4294967295', 'ERR_ADDRESS_PORT'],
    ['vsock:05000', 'ERR_ADDRESS_PORT'],
    ['vsock:+5', 'ERR_ADDRESS_PORT'],
    ['vsock:0x10', 'ERR_ADDRESS_PORT'],
    ['vsock:16:5000:1', 'ERR_ADDRESS_PORT'],
    ['vsock:0:5000', 'ERR_ADDRESS_CID'],
    ['vsock:4294967295:5000', 'ERR_ADDRESS_CID'],
    ['vsock::5000', 'ERR_ADDRESS_CID'],
    ['unix:', 'ERR_ADDRESS_PATH'],
    ['unix:/a\0b', 'ERR_ADDRESS_PATH'],
    [`unix:/${'a'.repeat(107)}`, 'ERR_ADDRESS_PATH'],
    ['hybrid:/run/vm.vsock', 'ERR_ADDRESS_PORT'],
    ['hybrid:/run/vm.vsock:', 'ERR_ADDRESS_PORT'],
    ['hybrid:/run/vm.vsock:0', 'ERR_ADDRESS_PORT'],
    ['hybrid:/run/vm.vsock:4294967295', 'ERR_ADDRESS_PORT'],
    ['hybrid::5000', 'ERR_ADDRESS_PATH'],
    ['hybrid:/a\0b:5000', 'ERR_ADDRESS_PATH'],
    [`hybrid:/${'a'.repeat(102)}:5000`, 'ERR_ADDRESS_PATH'],
    ['tcp:127.0.0.1', 'ERR_ADDRESS_PORT'],
    ['tcp:127.0.0.1:65536', 'ERR_ADDRESS_PORT'],
    ['tcp:::1:5000', 'ERR_ADDRESS_PORT'],
    ['tcp::5000', 'ERR_ADDRESS_HOST'],
    ['tcp:[]:5000', 'ERR_ADDRESS_HOST'],
    ['tcp:[127.0.0.1]:5000', 'ERR_ADDRESS_HOST'],
    ['tcp:example.org:5000', 'ERR_ADDRESS_HOST'],
    ['tcp:127.0.0.1 :5000', 'ERR_ADDRESS_HOST'],
    ['tcp:127.0.0.1:5000\n', 'ERR_ADDRESS_PORT'],
  ])('refuses %j with %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('throws only AddressError, and formatAddress returns each accepted text unchanged', () => {
    fc.assert(
      fc.property(
        fc
          .tuple(fc.constantFrom('vsock:', 'unix:', 'tcp:', 'tcp:[', 'hybrid:', 'hybrid:/a:1', ''), fc.string())
          .map((parts) => parts.join('')),
        (text) => {
          let address: Address;
          try {
            address = parseAddress(text);
          } catch (error) {
            expect(error).toBeInstanceOf(AddressError);
            return;
          }
          expect(formatAddress(address)).toBe(text);
        },
      ),
    );
  });
});
