import { checkout } from '../edition';
import { runCli } from '../run-cli';

const ADDRESSES = [
  'http://user:geheim@host.test',
  'https://user:geheim@host.test/a',
  'ftp://user:geheim@host.test',
  'http:/u:geheim@host',
];
const pcr0 = 'ab'.repeat(48);

/** Whichever argument is wrong, standard output and standard error do not contain the password. */
it.each(
  ADDRESSES.flatMap((address) => [
    ['verify', address, '--pcr0', pcr0, '--no-nonce'],
    ['verify', '--gateway', address, '--pcr0', pcr0],
    ['keys', '--gateway', address, '--pcr0', pcr0],
    ['send', '--gateway', address, '--pcr0', pcr0, '--message', address],
    ['receipt', 'verify', address, '--pcr0', pcr0],
    ['status', address],
    [address],
  ]).flatMap((argv) => [argv, [...argv, '--json']]),
)('%j %j %j prints no password', async (...argv) => {
  let output = '';
  const write = (text: string) => {
    output += text;
  };
  const exit = await runCli(
    argv,
    {
      out: write,
      err: write,
      paint: (text) => text,
      environment: {},
      signal: new AbortController().signal,
    } as Parameters<typeof runCli>[1],
    checkout,
  );
  expect(exit).not.toBe(0);
  expect(output).not.toBe('');
  expect(output).not.toContain('geheim');
});
