import type { Step } from '../step';
import { account } from './account';
import { deployment } from './deployment';
import { enclave } from './enclave';
import { outside } from './outside';
import { removal } from './removal';
import { replacement } from './replacement';

export interface Theme {
  readonly title: string;
  readonly steps: readonly Step[];
}

export const REMOVAL = 'Remove everything';

/** The themes in the order in which they run. docs/operator/first-hour.md has the same titles and steps. */
export const THEMES: readonly Theme[] = [
  { title: 'Before anything is made', steps: account },
  { title: 'The stack is made', steps: deployment },
  { title: 'The enclave', steps: enclave },
  { title: 'What reaches the world', steps: outside },
  { title: 'A parent is lost', steps: replacement },
  { title: REMOVAL, steps: removal },
];
