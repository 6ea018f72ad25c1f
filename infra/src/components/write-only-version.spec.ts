import { isSecret, type Output } from '@pulumi/pulumi';
import { writeOnlyVersion } from './write-only-version';

const known = <T>(output: Output<T>): Promise<T> =>
  new Promise((resolve) => {
    output.apply(resolve);
  });

it('a write-only version changes only when its value changes', async () => {
  const [one, again, other] = await Promise.all(
    ['a-password-of-redis', 'a-password-of-redis', 'another-password-of-redis'].map((value) =>
      known(writeOnlyVersion(value)),
    ),
  );
  expect(again).toBe(one);
  expect(other).not.toBe(one);
});

it('a write-only version is a secret whole number that AWS’s provider accepts', async () => {
  const version = writeOnlyVersion('a-password-of-redis');
  expect(await isSecret(version)).toBe(true);
  const number = await known(version);
  expect(Number.isInteger(number) && number >= 0 && number < 2 ** 31).toBe(true);
});
