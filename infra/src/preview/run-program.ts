import { output, runtime } from '@pulumi/pulumi';
import type { ParseOptions } from '../config/parse-settings';
import { PROJECT } from '../names';
import { MockAws, type SeenResource } from '../mock-aws';
import { program } from '../program';

export interface Seen {
  resources: SeenResource[];
  outputs: Record<string, unknown>;
}

/**
 * Runs the whole program against a stand-in for AWS: nothing is created, and no Pulumi CLI is needed. Calls in one process must not overlap.
 * @throws ConfigError, and other errors of the program
 */
export async function runProgram(
  stack: string,
  values: Readonly<Record<string, string>>,
  options: ParseOptions,
  /** The stand-in for AWS; `ops import-file` and tests pass another one. */
  StandIn: new (region: string, deployer?: string) => MockAws = MockAws,
): Promise<Seen> {
  // The caller of `pulumi up` is not known, so assume that it is the first of keyAdministrators.
  const [deployer] = /arn:[^\s",\]]+/.exec(values[`${PROJECT}:keyAdministrators`] ?? '') ?? [];
  const aws = new StandIn(values['aws:region'] ?? 'us-east-1', deployer);
  // Assume that the account has the named certificate.
  aws.certificateArn = values[`${PROJECT}:certificateArn`] ?? aws.certificateArn;
  // Collect unhandled rejections: Pulumi reports an error during a registration only in this way.
  const fallen: unknown[] = [];
  const catchIt = (error: unknown): number => fallen.push(error);
  process.on('unhandledRejection', catchIt);
  // For each resource, and about four times per property, Pulumi makes an Error without a message and reads its stack. In jest, which maps
  // each frame to its source, this took most of the time. So an error without a message gets no stack, and any other error only one frame.
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  Error.prepareStackTrace = (error, frames) =>
    error.message === '' ? '' : (prepareStackTrace?.(error, frames) ?? [error, ...frames].join('\n    at '));
  try {
    await runtime.setMocks(aws, PROJECT, stack, false);
    const outputs = await settled(await program(stack, values, options));
    await runtime.disconnect();
    await new Promise(setImmediate);
    if (fallen.length > 0) throw rootOf(fallen[0]);
    return { resources: aws.resources, outputs };
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
    process.off('unhandledRejection', catchIt);
  }
}

function settled(outputs: Record<string, unknown>): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    output(outputs).apply((known) => {
      resolve({ ...known });
    });
  });
}

const rootOf = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
