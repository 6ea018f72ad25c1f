import type { Step } from '../step';
import { address, addressOnly } from './address';
import { configuration } from './configuration';
import { image } from './image';
import { preflight, rules } from './preflight';
import { release } from './release';
import { rollout } from './rollout';
import { state } from './state';
import { summary } from './summary';
import { preview, up } from './update';
import { verify } from './verify';
import { rollbackCheck } from './rollback-check';

/** The steps in the order in which they run. */
export const STEPS: readonly Step[] = [
  ...[configuration, image, release, preflight, rules, rollbackCheck],
  ...[preview, up, rollout, state, verify, summary],
];

/** The steps of `--address-only`. */
export const ADDRESS_STEPS: readonly Step[] = [addressOnly, preview, up, address];
