import type { AwsCommand } from './aws-command';
import { DATABASES } from './databases';
import { ENDED } from './ended';
import { LOOKUPS } from './lookups';
import { VOLUMES } from './volumes';

/** By service and action, as they are typed. A command is here because a document or `ops import-file` runs it. */
export const COMMANDS: Readonly<Record<string, AwsCommand>> = { ...DATABASES, ...ENDED, ...LOOKUPS, ...VOLUMES };
