import { lines, look, preflight, type SeenFinding } from '../testing/look';
import { awsError, startStandInAws, type Answer, type StandInAws } from '../testing/stand-in-aws';

const CHECKS = ['vcpu-quota', 'instance-type', 'ami', 'address-quota', 'bucket-names', 'kms-keys', 'secrets', 'parent'];
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secretExampleKey' };

let aws: StandInAws;
beforeAll(async () => {
  aws = await startStandInAws();
});
afterAll(() => aws.stop());

/** The time limits that are running. The stand-in's silence lets them expire at once, so that no test waits. */
const limits = new Set<() => void>();
const startTimer = (_ms: number, over: () => void) => {
  limits.add(over);
  return () => limits.delete(over);
};
const silence = (): Answer => {
  for (const over of limits) over();
  return 'silence';
};

const lookAt = (name: string) =>
  look(name, { ports: { aws: { endpoint: aws.endpoint, credentials }, startTimer } }, ['--timeout', '1']);
const identity = (answer: Answer | ((body: string) => Answer)) => {
  aws.answer({ GetCallerIdentity: answer });
};
/** Answers every request with `answer`, except GetCallerIdentity, which succeeds. */
const allButIdentity = (answer: Answer | ((body: string) => Answer)) => {
  const { GetCallerIdentity } = {
    GetCallerIdentity: {
      body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ada</Arn><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
    },
  };
  aws.answer({ GetCallerIdentity, '*': answer });
};

describe('credentials', () => {
  it.each<[string, Answer | ((body: string) => Answer), RegExp]>([
    ['an expired token', awsError('ExpiredToken', 403), /^fail: the AWS session has expired/],
    ['unknown keys', awsError('InvalidClientTokenId', 403), /^fail: AWS does not accept these credentials/],
    ['a wrong signature', awsError('SignatureDoesNotMatch', 403), /^fail: AWS does not accept these credentials/],
    ['a refusal', awsError('AccessDenied', 403), /^fail: not allowed to ask \(sts:GetCallerIdentity\)/],
    ['throttling', awsError('Throttling', 400), /^warn: AWS throttles requests/],
    ['an internal error', awsError('InternalFailure', 500), /^warn: AWS could not answer \(500\)/],
    ['a page of a proxy', { body: '<html><body>Welcome to the hotel' }, /^fail: AWS gave an unexpected answer/],
    ['bytes', { body: '\u0000\u0001' }, /^fail: AWS gave an unexpected answer/],
    [
      'a wrong account number',
      {
        body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>x</Arn><Account>12</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
      },
      /^fail: AWS gave an unexpected answer/,
    ],
    ['silence', silence, /^fail: did not answer within 1 s; not checked/],
  ])('explains the answer of AWS: %s', async (_name, answer, words) => {
    identity(answer);
    expect(lines(await lookAt('aws-credentials'))).toEqual([expect.stringMatching(words)]);
  });

  it('skips the other checks if aws-credentials fails', async () => {
    identity(awsError('ExpiredToken', 403));
    const { code, out } = await preflight(
      ['--stack', 'prod', '--json', '--only', ['aws-credentials', ...CHECKS].join(',')],
      { ports: { aws: { endpoint: aws.endpoint, credentials } } },
    );
    expect(code).toBe(1);
    const { checks } = JSON.parse(out) as { checks: SeenFinding[] };
    expect(lines(checks)).toEqual([
      'fail: the AWS session has expired',
      ...CHECKS.map(() => 'skip: AWS was not asked: see aws-credentials'),
    ]);
    expect(aws.asked).toEqual(['GetCallerIdentity']);
  });

  it('fails a check that runs without aws-credentials, and names aws-credentials', async () => {
    identity(awsError('ExpiredToken', 403));
    for (const name of CHECKS)
      expect(await lookAt(name)).toMatchObject([
        {
          status: 'fail',
          found: 'AWS was not asked: see aws-credentials; not checked',
          command: 'npm run ops -- preflight --stack prod --only aws-credentials',
        },
      ]);
  });
});

it('reports a time-out if AWS does not name the caller in time', async () => {
  for (const name of CHECKS) {
    identity(silence);
    expect(lines(await lookAt(name))).toEqual([
      'fail: AWS did not tell in time who you are: see aws-credentials; not checked',
    ]);
  }
});

describe.each(CHECKS)('%s', (name) => {
  it.each<[string, Answer | ((body: string) => Answer), RegExp]>([
    [
      'a session that has ended meanwhile',
      awsError('ExpiredTokenException', 403),
      /session has expired|another account/,
    ],
    [
      'a refusal',
      name === 'bucket-names' ? { status: 403 } : awsError('AccessDeniedException', 403),
      /not allowed to ask|another account/,
    ],
    [
      'throttling',
      name === 'bucket-names' ? { status: 503 } : awsError('ThrottlingException', 400),
      /throttles requests|could not answer/,
    ],
    [
      'garbage',
      name === 'bucket-names' ? { status: 418, body: 'x' } : { body: 'hello' },
      /unexpected answer|knows no|has no c6g|this account has no zone|names no Amazon|is not enabled|no value yet/,
    ],
    [
      'a page of a proxy',
      name === 'bucket-names' ? { status: 418, body: '<html></html>' } : { body: '<html><body>Welcome</body></html>' },
      /unexpected answer|knows no|has no c6g|this account has no zone|names no Amazon|is not enabled|no value yet/,
    ],
    ['silence', silence, /did not answer within 1 s; not checked/],
  ])('reports %s, and does not pass', async (_name, answer, words) => {
    allButIdentity(answer);
    const found = lines(await lookAt(name)).filter((line) => !line.includes('by RDS'));
    expect(found.length).toBeGreaterThan(0);
    for (const line of found) expect(line).toMatch(words);
    for (const line of found) expect(line).not.toMatch(/^pass/);
  });
});
