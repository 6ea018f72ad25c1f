import { STACK_TAG } from '@communique-tee/key-policies';
import * as z from 'zod';
import type { AskAws } from './ask-aws';

/** Why no id was found for a resource. `absent`: AWS does not have the resource, so `pulumi up` creates it. */
export class NoId extends Error {
  constructor(
    readonly kind: 'absent' | 'ambiguous',
    message: string,
  ) {
    super(message);
    this.name = 'NoId';
  }
}

const taggedSchema = z.object({
  ResourceTagMappingList: z.array(
    z.object({
      ResourceARN: z.string(),
      Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
    }),
  ),
});

/** CloudFront answers only in this region, whatever the stack's region (Resource Groups Tagging API, "GetResources"). */
const GLOBAL_REGION = 'us-east-1';

/** Looks up one stack's resources at AWS. It sends equal requests only once. */
export class Account {
  readonly #answers = new Map<string, Promise<unknown>>();

  constructor(
    private readonly stack: string,
    readonly region: string,
    private readonly askAws: AskAws,
  ) {}

  /** @throws Error of one line if AWS refuses, or answers in another shape */
  async ask<T>(schema: z.ZodType<T>, service: string, action: string, ...args: readonly string[]): Promise<T> {
    const region = service === 'cloudfront' ? GLOBAL_REGION : this.region;
    return this.#once(schema, [service, action, '--region', region, ...args]);
  }

  async accountId(): Promise<string> {
    const { Account: id } = await this.ask(z.object({ Account: z.string() }), 'sts', 'get-caller-identity');
    return id;
  }

  /**
   * The ARN of the resource that has the stack's tag and this name.
   * @param kind service and type as in ARNs, such as `ec2:vpc`
   * @throws NoId
   */
  async tagged(kind: string, name: string): Promise<string> {
    const [service = '', type = ''] = kind.split(':');
    const region = service === 'cloudfront' ? GLOBAL_REGION : this.region;
    const { ResourceTagMappingList: all } = await this.#once(taggedSchema, [
      ...['resourcegroupstaggingapi', 'get-resources', '--region', region],
      ...['--tag-filters', `Key=${STACK_TAG},Values=${this.stack}`],
    ]);
    const found = all.filter(
      ({ ResourceARN: arn, Tags: tags }) =>
        isOf(arn, service, type) && tags.some(({ Key, Value }) => Key === 'Name' && Value === name),
    );
    const [only, ...others] = found.map(({ ResourceARN }) => ResourceARN);
    if (only === undefined) throw new NoId('absent', `AWS has no ${kind} of this stack with the tag Name=${name}`);
    if (others.length > 0)
      throw new NoId('ambiguous', `AWS has several ${kind} with the tag Name=${name}: ${[only, ...others].join(', ')}`);
    return only;
  }

  async #once<T>(schema: z.ZodType<T>, args: readonly string[]): Promise<T> {
    const key = args.join(' ');
    const answer = this.#answers.get(key) ?? this.askAws(args);
    this.#answers.set(key, answer);
    const parsed = schema.safeParse(await answer);
    if (!parsed.success)
      throw new Error(`aws ${args.slice(0, 2).join(' ')}: the answer has another form than expected`);
    return parsed.data;
  }
}

/** Whether an ARN (`arn:<partition>:<service>:<region>:<account>:<type>/<id>`, for some services `<type>:<id>`) is of this type. */
function isOf(arn: string, service: string, type: string): boolean {
  const [, , ofService, , , ...resource] = arn.split(':');
  return ofService === service && resource.join(':').split(/[/:]/)[0] === type;
}
