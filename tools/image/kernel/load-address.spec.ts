import { withLoadAddress } from './kernel';

describe('the arm64 kernel for Nitro', () => {
  const header = () => {
    const image = new Uint8Array(4096);
    new DataView(image.buffer).setUint32(56, 0x644d5241, true);
    return image;
  };

  it('has 2 MiB as its load address, and is otherwise the kernel that was built', () => {
    const changed = withLoadAddress(header());
    expect(new DataView(changed.buffer).getBigUint64(8, true)).toBe(2097152n);
    changed.fill(0, 8, 16);
    expect(changed).toEqual(header());
  });

  it('must be an arm64 Image', () => {
    expect(() => withLoadAddress(new Uint8Array(4096))).toThrow('not an arm64 Image');
    expect(() => withLoadAddress(new Uint8Array(10))).toThrow('not an arm64 Image');
  });
});
