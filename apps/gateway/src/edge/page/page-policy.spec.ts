import { testConfig } from '../../testing/gateway-under-test';
import { pagePolicy } from './page-policy';

const connections = (more: Record<string, string>) => {
  const { page } = testConfig({ DATABASE_URL: 'postgresql://127.0.0.1/x', AUTH_JWKS_FILE: '/x', ...more });
  return /connect-src ([^;]*);/.exec(pagePolicy(page))?.[1];
};

it('lets the page connect to the gateway alone where there is no sign-in', () => {
  expect(connections({})).toBe("'self'");
});

it('lets the page connect to the token endpoint, and to nothing else of the issuer', () => {
  expect(
    connections({
      PAGE_OIDC_CLIENT_ID: 'page',
      PAGE_OIDC_AUTHORIZATION_ENDPOINT: 'https://login.id.test/authorize',
      PAGE_OIDC_TOKEN_ENDPOINT: 'https://id.test/oauth/token',
    }),
  ).toBe("'self' https://id.test/oauth/token");
});
