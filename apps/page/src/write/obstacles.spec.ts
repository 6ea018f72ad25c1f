import { signIn } from '../sign-in/sign-in';
import { obstacles } from './obstacles';

it('asks for a token if the site offers no sign-in, and for a sign-in otherwise', async () => {
  await signIn.configure(null);
  expect(obstacles.value).toContain('token');
  expect(obstacles.value).not.toContain('signIn');
  await signIn.configure({
    issuer: 'https://issuer.example',
    clientId: 'page',
    authorizationEndpoint: new URL('https://issuer.example/authorize'),
    tokenEndpoint: new URL('https://issuer.example/token'),
    scope: 'openid',
    audience: null,
  });
  expect(obstacles.value).toContain('signIn');
  expect(obstacles.value).not.toContain('token');
});
