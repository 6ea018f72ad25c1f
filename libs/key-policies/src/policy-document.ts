/** An IAM policy document in AWS's JSON form. */
export interface PolicyDocument {
  Version: '2012-10-17';
  Statement: Statement[];
}

export interface Statement {
  Sid: string;
  Effect: 'Allow' | 'Deny';
  Principal?: '*' | { AWS: string | string[] } | { Service: string | string[] };
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

export const policy = (...statements: (Statement | undefined)[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements.filter((statement) => statement !== undefined),
});

/** A policy that lists who may assume a role. It names no resource. */
export interface TrustPolicy {
  Version: '2012-10-17';
  Statement: [Omit<Statement, 'Resource'>];
}

/** Returns a policy that lets one AWS service assume a role; with `accountId`, only when the service acts for that account. */
export const trust = (service: string, accountId?: string): TrustPolicy => ({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Trust',
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'sts:AssumeRole',
      ...(accountId !== undefined && { Condition: { StringEquals: { 'aws:SourceAccount': accountId } } }),
    },
  ],
});
