/** The source of a row that was written from memory: it was not compared with provider code, AWS's models or a page. */
export const UNVERIFIED = 'unverified';

/** A source: an operation, its documentation and its errors in botocore's models (version 1.44.8). */
export const api = (operation: string): string => `botocore 1.44.8 ${operation}`;

/** The source of EC2's errors, which no model lists. */
export const EC2_ERRORS = 'https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html';
