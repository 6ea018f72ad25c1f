import { TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { testConfig } from '../../testing/gateway-under-test';
import { pagePolicy, WORKER_HEADERS } from './page-policy';

const connections = (more: Record<string, string>) => {
  const config = testConfig({ DATABASE_URL: 'postgresql://127.0.0.1/x', AUTH_JWKS_FILE: '/x', ...more });
  return /connect-src ([^;]*);/.exec(pagePolicy(config, false))?.[1];
};

it('lets the page connect only to the gateway if there is no sign-in', () => {
  expect(connections({})).toBe("'self'");
});

it('lets the page connect to the token endpoint, and to no other address of the issuer', () => {
  expect(
    connections({
      PAGE_OIDC_CLIENT_ID: 'page',
      PAGE_OIDC_AUTHORIZATION_ENDPOINT: 'https://login.id.test/authorize',
      PAGE_OIDC_TOKEN_ENDPOINT: 'https://id.test/oauth/token',
    }),
  ).toBe("'self' https://id.test/oauth/token");
});

describe('the policy of a gateway that accepts proofs of residence', () => {
  const config = testConfig({
    DATABASE_URL: 'postgresql://127.0.0.1/x',
    AUTH_JWKS_FILE: '/x',
    RESIDENCE: 'optional',
    RESIDENCE_REGISTRAR: TEST_REGISTRAR.id,
    RESIDENCE_KEYS: TEST_REGISTRAR.verifierKeys[0],
    RESIDENCE_FILES_URL: 'https://registrar.test/tree',
  });

  it('lets the page that proves start its worker and fetch the registrar’s files', () => {
    const policy = pagePolicy(config, true).split('; ');
    expect(policy).toContain("worker-src 'self'");
    expect(policy).toContain("connect-src 'self' https://registrar.test/tree/");
    expect(policy).toContain('trusted-types communique-tee-worker');
    expect(policy).toContain("script-src 'self'");
  });

  it('is the usual policy on other pages, and on all pages if the gateway accepts no proofs', () => {
    const off = { ...config, residence: { mode: 'off' } as const };
    expect(pagePolicy(config, false)).toBe(pagePolicy(off, true));
    expect(pagePolicy(off, true)).toContain("trusted-types 'none'");
    expect(pagePolicy(off, true)).not.toContain('worker');
  });

  it('lets only the worker run WebAssembly, and lets no page run code made at run time', () => {
    expect(WORKER_HEADERS['content-security-policy']).toContain("script-src 'wasm-unsafe-eval'");
    expect(pagePolicy(config, true)).not.toMatch(/unsafe/);
    expect(WORKER_HEADERS['content-security-policy']).not.toContain("'unsafe-eval'");
  });
});
