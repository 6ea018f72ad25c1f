import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface CloudFormationFront extends AsyncDisposable {
  readonly endpoint: string;
  /** Whether the stack was protected from deletion. */
  protects: boolean;
  /** Actions to refuse, each with the error code. */
  readonly refuses: Record<string, string>;
  /** The status that DescribeStacks reports instead of the stack's own; undefined: the stack's own. */
  status: string | undefined;
  /** The actions that were requested, in order. */
  readonly asked: string[];
}

/**
 * Starts a proxy in front of moto. It adds what moto's CloudFormation lacks: protection from deletion, and outputs of a stack that a change
 * set has made (moto 5.2.5 computes them before the resources). A test can also make the proxy refuse actions, and report a status that
 * moto never has.
 * @param origin the origin of moto's server
 */
export async function startCloudFormationFront(
  origin: string,
  outputs: () => Promise<Readonly<Record<string, string>>>,
) {
  const front: Omit<CloudFormationFront, 'endpoint' | typeof Symbol.asyncDispose> = {
    protects: false,
    refuses: {},
    status: undefined,
    asked: [],
  };
  const answer = async (action: string, text: string, inPlace: string | undefined): Promise<string> => {
    if (action !== 'DescribeStacks') return text;
    const status = inPlace ?? /<StackStatus>(\w+)</.exec(text)?.[1] ?? '';
    const rows = /^(CREATE|UPDATE)_COMPLETE$/.test(status) ? Object.entries(await outputs()) : [];
    const members = rows.map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    return text
      .replace(/<StackStatus>\w+</, `<StackStatus>${status}<`)
      .replace(/<Outputs>.*?<\/Outputs>|<Outputs\s*\/>/s, '')
      .replace('<StackStatus>', `<Outputs>${members.join('')}</Outputs><StackStatus>`);
  };
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat((await request.toArray()) as Buffer[]);
      const ofCloudFormation = String(request.headers.authorization).includes('/cloudformation/');
      const action = ofCloudFormation ? (new URLSearchParams(body.toString()).get('Action') ?? '') : '';
      if (ofCloudFormation) front.asked.push(action);
      const refusal = front.refuses[action];
      if (refusal !== undefined) {
        response.writeHead(400, { 'content-type': 'text/xml' });
        response.end(
          `<ErrorResponse><Error><Type>Sender</Type><Code>${refusal}</Code><Message>refused by a test</Message></Error></ErrorResponse>`,
        );
        return;
      }
      if (action === 'UpdateTerminationProtection') {
        front.protects = true;
        response.writeHead(200, { 'content-type': 'text/xml' });
        response.end(
          '<UpdateTerminationProtectionResponse><UpdateTerminationProtectionResult><StackId>x</StackId></UpdateTerminationProtectionResult></UpdateTerminationProtectionResponse>',
        );
        return;
      }
      const headers = Object.entries(request.headers).filter(
        ([name]) => !['host', 'connection', 'content-length', 'expect'].includes(name),
      );
      // Read the status before moto answers, because a test may change it while this request runs.
      const inPlace = front.status;
      const passed = await fetch(new URL(request.url ?? '/', origin), {
        method: request.method ?? 'POST',
        headers: headers.map(([name, value]): [string, string] => [name, String(value)]),
        ...(body.length > 0 && { body }),
      });
      response.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? 'text/xml' });
      response.end(await answer(action, await passed.text(), inPlace));
    })().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(front, {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  }) satisfies CloudFormationFront;
}
