/** The source of a row that we did not compare with provider code, AWS's models or a page. */
export const UNVERIFIED = 'unverified';

/** Names an operation in botocore's models (version 1.44.8), which contain its documentation and its errors. */
export const api = (operation: string): string => `botocore 1.44.8 ${operation}`;

/** The source of EC2's errors, which no model lists. */
export const EC2_ERRORS = 'https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html';
