import { NsmMockError } from './errors';

/** Whoever trusts the development root believes anyone who can read its key file. */
export function refuseProduction(): void {
  if (process.env['NODE_ENV'] === 'production')
    throw new NsmMockError('ERR_NSM_MOCK_PRODUCTION', 'the mock NSM does not start with NODE_ENV=production');
}
