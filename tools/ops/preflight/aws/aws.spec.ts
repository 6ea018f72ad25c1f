import { workspaceRoot } from '@communique-tee/testing/harness';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { awsClients } from './account';
import { awsCommand } from './command';
import { explainAws } from './explain';

const folder = join(workspaceRoot(), 'tools/ops');
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
);

it('names the region in every AWS CLI command of a hint', () => {
  expect(awsCommand('eu-west-1', 'kms enable-key', '--key-id', 'x')).toBe(
    'aws kms enable-key --region eu-west-1 --key-id x',
  );
  // ops first-hour sets AWS_REGION for each of its steps.
  const hints = sources.filter((file) => !file.startsWith('first-hour/steps/'));
  const byHand = hints.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/\baws [a-z0-9-]+ [a-z]+-[a-z-]+/g)].map(
      ([command]) => `${file}: ${command}`,
    ),
  );
  expect(byHand).toEqual([]);
});

it.each([
  [{ AWS_ENDPOINT_URL: 'http://localhost:4566' }, true],
  [{ AWS_ENDPOINT_URL: 'http://moto:5000' }, true],
  [
    {
      AWS_ENDPOINT_URL: 'http://elsewhere:1',
      AWS_ENDPOINT_URL_S3: 'https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com',
    },
    false,
  ],
  [{}, false],
])('puts the bucket into the path of S3’s URL with the variables %j: %s', (env, inPath) => {
  expect(awsClients('us-east-1', { aws: {}, env }).s3.config.forcePathStyle).toBe(inPath);
});

it.each(['ETIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT'])('reports %s as a time-out', (code) => {
  expect(explainAws(Object.assign(new Error('x'), { code }), 'x').found).toBe(
    'AWS did not answer in time; not checked',
  );
});
