import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What AWS answers; `silence`: it never answers. */
export type Answer =
  { readonly status?: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> } | 'silence';
export type Answers = Readonly<Record<string, Answer | ((body: string) => Answer)>>;

export interface StandInAws extends AsyncDisposable {
  readonly endpoint: string;
  /** The requests in order, such as `GetCallerIdentity` and `HeadBucket /name`. */
  readonly asked: string[];
  /** Overrides default answers until the next call, and empties `asked`. `*` answers every request that has no entry of its own. */
  answer(answers: Answers): void;
  stop(): Promise<void>;
}

export const ACCOUNT = '111122223333';
export const ROLE = `arn:aws:sts::${ACCOUNT}:assumed-role/operator/ada`;

const json = (value: unknown, status = 200): Answer => ({
  status,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/x-amz-json-1.1' },
});
const xml = (action: string, inner: string): Answer => ({
  body: `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${inner}</${action}Response>`,
  headers: { 'content-type': 'text/xml' },
});

/** An error in the form of the request's protocol. */
export function awsError(code: string, status: number, text = 'said by the stand-in'): (body: string) => Answer {
  return (body) => {
    if (body.startsWith('{')) return json({ __type: code, message: text }, status);
    if (/^Action=(GetCallerIdentity|DescribeAutoScalingGroups)/.test(body))
      return {
        status,
        body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${text}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
      };
    return {
      status,
      body: `<Response><Errors><Error><Code>${code}</Code><Message>${text}</Message></Error></Errors><RequestID>1</RequestID></Response>`,
    };
  };
}

export const ec2 = xml;
export const awsJson = json;

/** The default answers: an account without any resource of the stack. */
const HEALTHY: Answers = {
  GetCallerIdentity: {
    body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${ROLE}</Arn><UserId>A:ada</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
  },
  DescribeAutoScalingGroups: {
    body: '<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeAutoScalingGroupsResult><AutoScalingGroups/></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>',
  },
  GetServiceQuota: (body) =>
    json({ Quota: { QuotaCode: /L-\w+/.exec(body)?.[0], Value: body.includes('L-1216C47A') ? 32 : 5 } }),
  DescribeInstances: xml('DescribeInstances', '<reservationSet/>'),
  DescribeInstanceTypes: xml(
    'DescribeInstanceTypes',
    '<instanceTypeSet><item><instanceType>c6g.xlarge</instanceType><processorInfo><supportedArchitectures><item>arm64</item></supportedArchitectures></processorInfo><vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo><nitroEnclavesSupport>supported</nitroEnclavesSupport></item></instanceTypeSet>',
  ),
  DescribeInstanceTypeOfferings: xml(
    'DescribeInstanceTypeOfferings',
    '<instanceTypeOfferingSet><item><location>us-east-1a</location></item><item><location>us-east-1b</location></item></instanceTypeOfferingSet>',
  ),
  DescribeAvailabilityZones: xml(
    'DescribeAvailabilityZones',
    '<availabilityZoneInfo><item><zoneName>us-east-1b</zoneName></item><item><zoneName>us-east-1a</zoneName></item><item><zoneName>us-east-1c</zoneName></item></availabilityZoneInfo>',
  ),
  DescribeAddresses: xml('DescribeAddresses', '<addressesSet/>'),
  DescribeImages: xml(
    'DescribeImages',
    '<imagesSet><item><imageId>ami-0123456789abcdef0</imageId><imageState>available</imageState><architecture>arm64</architecture><imageOwnerAlias>amazon</imageOwnerAlias><imageOwnerId>137112412989</imageOwnerId></item></imagesSet>',
  ),
  GetParameter: json({ Parameter: { Name: 'x', Value: 'ami-0123456789abcdef0' } }),
  DescribeKey: awsError('NotFoundException', 400),
  DescribeSecret: awsError('ResourceNotFoundException', 400),
  HeadBucket: { status: 404 },
};

/** Starts a server on loopback that speaks the part of AWS's protocols that preflight uses. It does not check signatures. */
export async function startStandInAws(): Promise<StandInAws> {
  let special: Answers = {};
  const asked: string[] = [];
  const server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const action =
      String(request.headers['x-amz-target'] ?? '').split('.')[1] ??
      new URLSearchParams(body).get('Action') ??
      (request.method === 'HEAD' ? 'HeadBucket' : 'unknown');
    asked.push(action === 'HeadBucket' ? `${action} ${request.url ?? ''}` : action);
    const found = special[action] ?? special['*'] ?? HEALTHY[action] ?? awsError('UnknownOperation', 400);
    const answer = typeof found === 'function' ? found(body) : found;
    if (answer === 'silence') return;
    response.writeHead(answer.status ?? 200, answer.headers ?? {});
    response.end(request.method === 'HEAD' ? undefined : (answer.body ?? ''));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    asked,
    answer: (answers) => {
      special = answers;
      asked.length = 0;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
