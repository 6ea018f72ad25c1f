import type { AwsCommand } from './aws-command';
import { DATABASES } from './databases';
import { ENDED } from './ended';
import { LOOKUPS } from './lookups';
import { VOLUMES } from './volumes';

/** The AWS commands that a document or `ops import-file` runs, by service and action as typed. */
export const COMMANDS: Readonly<Record<string, AwsCommand>> = { ...DATABASES, ...ENDED, ...LOOKUPS, ...VOLUMES };
