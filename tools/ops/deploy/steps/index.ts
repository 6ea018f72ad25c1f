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
import { wayBack } from './way-back';

/** In the order in which they run. Each may be run again. */
export const STEPS: readonly Step[] = [
  ...[configuration, image, release, preflight, rules, wayBack],
  ...[preview, up, rollout, state, verify, summary],
];

/** For `--address-only`. */
export const ADDRESS_STEPS: readonly Step[] = [addressOnly, preview, up, address];
