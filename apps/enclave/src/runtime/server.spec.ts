import { connect } from 'node:net';
import { startEnclaveFixture, type EnclaveFixture } from '../testing/enclave-fixture';

let fixture: EnclaveFixture;
beforeAll(async () => {
  fixture = await startEnclaveFixture();
});
afterAll(() => fixture.stop());

it.each([
  [
    'a path that cannot be decoded',
    'GET /%ZZsecret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'malformed_body',
  ],
  ['something that is not HTTP', 'secret\r\n\r\n', 'malformed_body'],
  ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'secret'.repeat(5000)}\r\n\r\n`, 'headers_too_large'],
  [
    'two Content-Length headers',
    'POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'malformed_body',
  ],
])('answers %s with a problem document that repeats no part of the request', async (_name, bytes, code) => {
  const answer = await exchange(bytes);
  expect(answer).toContain('application/problem+json');
  expect(answer).toContain(`"code":"${code}"`);
  expect(answer).not.toContain('secret');
  expect((await fetch(`${fixture.url}/health`)).status).toBe(200);
});

function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(fixture.url).port), '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket
      .setEncoding('latin1')
      .on('data', (chunk: string) => (answer += chunk))
      .on('close', () => resolve(answer))
      .on('error', reject);
  });
}
