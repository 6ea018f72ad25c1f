import { waitForRelease } from './address-release';

const at = (instanceId: string) => ({
  instanceId,
  associationId: instanceId === '' ? '' : 'eipassoc-0123456789abcdef0',
  publicIp: '192.0.2.1',
});

/** A stand-in for AWS. Each check gets the next of these instances as the holder; the last one repeats. '' means no instance. */
function aws(...instances: string[]) {
  let checks = 0;
  return {
    readAddress: () => Promise.resolve(at(instances[Math.min(checks++, instances.length - 1)] ?? '')),
    checks: () => checks,
  };
}

describe('waitForRelease', () => {
  it('returns at once if no instance holds the address', async () => {
    const { readAddress, checks } = aws('');
    await waitForRelease(readAddress, { pauseMs: 60_000, checks: 0 });
    expect(checks()).toBe(1);
  });

  it('checks again until the instance has released the address', async () => {
    const { readAddress, checks } = aws('i-0abc', 'i-0abc', '');
    await waitForRelease(readAddress, { pauseMs: 1, checks: 5 });
    expect(checks()).toBe(3);
  });

  it('throws after its last check, and names the instance and the command that frees the address', async () => {
    const { readAddress, checks } = aws('i-0abc');
    await expect(waitForRelease(readAddress, { pauseMs: 1, checks: 3 })).rejects.toThrow(
      /^The registered address 192\.0\.2\.1 is still at instance i-0abc, .*`aws ec2 disassociate-address --association-id eipassoc-0123456789abcdef0`, then `pulumi up` again/,
    );
    expect(checks()).toBe(4);
  });
});
