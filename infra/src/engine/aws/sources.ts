/** The source of a row that we have not compared with provider code, a model of AWS's API or a page: it is from memory. */
export const UNVERIFIED = 'unverified';

/** AWS's API as botocore's models describe it (version 1.44.8): an operation, with its documentation and its errors. */
export const api = (operation: string): string => `botocore 1.44.8 ${operation}`;

/** Errors of EC2, which no model lists. */
export const EC2_ERRORS = 'https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html';
