import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AttestationError, attestationErrorCodes } from './errors';

describe('the table of errors', () => {
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');

  it.each(attestationErrorCodes)('has a row for %s in the README', (code) => {
    expect(readme).toContain('`' + code.replace('ERR_ATTESTATION_', '') + '`');
  });

  it('has every code that the README lists', () => {
    const table = readme.slice(readme.indexOf('| step |'), readme.indexOf('Per certificate'));
    const listed = table
      .split('\n')
      .flatMap((row) =>
        [...(row.split('|')[2] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => `ERR_ATTESTATION_${name ?? ''}`),
      );
    expect([...listed].sort()).toEqual([...attestationErrorCodes].sort());
  });

  it('gives an error its step, and keeps the cause', () => {
    const cause = new Error('why');
    expect(new AttestationError('ERR_ATTESTATION_ROOT', 'a detail', cause)).toMatchObject({
      code: 'ERR_ATTESTATION_ROOT',
      step: 'chain',
      cause,
      message: expect.stringContaining('a detail'),
    });
    expect(new AttestationError('ERR_ATTESTATION_ROOT')).not.toHaveProperty('cause');
  });
});
