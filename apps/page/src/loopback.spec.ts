import { isLoopback } from './loopback';

it.each([
  ['http://localhost:8080/', true],
  ['http://127.0.0.1/', true],
  ['http://127.1/', true],
  ['http://127.8.9.10/', true],
  ['http://[::1]:3000/', true],
  ['http://localhost.example.org/', false],
  ['http://127.0.0.1.example.org/', false],
  ['http://0.0.0.0/', false],
  ['http://[::2]/', false],
  ['http://10.0.0.1/', false],
])('%s is on this machine: %s', (address, expected) => {
  expect(isLoopback(new URL(address))).toBe(expected);
});
