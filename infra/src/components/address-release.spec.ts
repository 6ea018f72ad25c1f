import { waitForRelease } from './address-release';

const at = (instanceId: string) => ({
  instanceId,
  associationId: instanceId === '' ? '' : 'eipassoc-0123456789abcdef0',
  publicIp: '192.0.2.1',
});

/** AWS, answer by answer; the last again and again. */
function aws(...instances: string[]) {
  let looks = 0;
  return {
    look: () => Promise.resolve(at(instances[Math.min(looks++, instances.length - 1)] ?? '')),
    looks: () => looks,
  };
}

describe('waitForRelease', () => {
  it('ends at once if no instance holds the address', async () => {
    const { look, looks } = aws('');
    await waitForRelease(look, { pauseMs: 60_000, looks: 0 });
    expect(looks()).toBe(1);
  });

  it('looks again until the instance has released it', async () => {
    const { look, looks } = aws('i-0abc', 'i-0abc', '');
    await waitForRelease(look, { pauseMs: 1, looks: 5 });
    expect(looks()).toBe(3);
  });

  it('gives up with the instance, and the command that frees the address', async () => {
    const { look, looks } = aws('i-0abc');
    await expect(waitForRelease(look, { pauseMs: 1, looks: 3 })).rejects.toThrow(
      /^The registered address 192\.0\.2\.1 is still at instance i-0abc, .*`aws ec2 disassociate-address --association-id eipassoc-0123456789abcdef0`, then `pulumi up` again/,
    );
    expect(looks()).toBe(4);
  });
});
