import { SIMULATED_CHAMBER_KEYS } from '../chambers';
import { outcomesSchema, type OutcomesInput } from './outcome';

export interface Preset {
  /** Explains to people what the offices answer. */
  readonly description: string;
  readonly outcomes: OutcomesInput;
}

/** Sets this outcome for every office of both chambers. */
const everywhere = (outcome: OutcomesInput[string]): OutcomesInput =>
  Object.fromEntries(SIMULATED_CHAMBER_KEYS.map((chamber) => [chamber, outcome]));

/** Named sets of outcomes. They name chambers and no offices, so each applies to any message. */
export const PRESETS = {
  delivered: { description: 'Every office accepts the message.', outcomes: {} },
  partial: {
    description: 'Senators accept the message; the representative’s office refuses it with a reason.',
    outcomes: { house: { answer: 'refused', reason: 'This office takes messages from its own district only.' } },
  },
  refused: {
    description: 'Every office refuses the message with a reason.',
    outcomes: everywhere({ answer: 'refused', reason: 'This office is vacant and takes no messages.' }),
  },
  duplicate: {
    description: 'Every office answers that it received the message before.',
    outcomes: everywhere({ answer: 'duplicate' }),
  },
  unknown: {
    description:
      'The Senate stores the message and gives no answer. If it does not recognize repeated messages, as in the demo, the outcome stays unknown.',
    outcomes: { senate: { answer: 'cut' } },
  },
  waiting: {
    description: 'Every office is closed for maintenance at the first three attempts, then accepts.',
    outcomes: everywhere({ answer: 'maintenance', attempts: 3 }),
  },
  maintenance: {
    description: 'Every office stays closed for maintenance; the message waits until you choose another preset.',
    outcomes: everywhere({ answer: 'maintenance' }),
  },
  slow: {
    description: 'Every office takes four seconds to accept.',
    outcomes: everywhere({ answer: 'slow', seconds: 4 }),
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name);
}

export const outcomesOf = (name: PresetName) => outcomesSchema.parse(PRESETS[name].outcomes);
