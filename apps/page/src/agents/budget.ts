// What is left of the person's budget today, as the gateway reports it; the gateway also enforces it.
import { signal } from '@preact/signals';
import { signIn } from '../sign-in/sign-in';
import { askForJson } from '../trust/ask';

export interface Left {
  /** Micro-dollars. */
  readonly left: number;
  /** When the next day begins. */
  readonly resetsAtMs: number;
}

/** Undefined until the gateway has reported it. */
export const budget = signal<Left | undefined>(undefined);

/** Never throws: without an answer the page does not show what is left. */
export async function refreshBudget(): Promise<void> {
  const token = signIn.token();
  budget.value =
    token === undefined
      ? undefined
      : await askForJson('/api/budget', { token, maxBytes: 4096 }).then(
          ({ json }) => readBudget(json),
          () => undefined,
        );
}

/** Returns undefined if `json` is not a budget. */
export function readBudget(json: unknown): Left | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { cap, reserved, spent, resetsAt } = json as Readonly<Record<string, unknown>>;
  const left = microUsd(cap) - microUsd(reserved) - microUsd(spent);
  const resetsAtMs = typeof resetsAt === 'string' ? Date.parse(resetsAt) : NaN;
  // A day may have spent more than its cap
  return Number.isNaN(left) || Number.isNaN(resetsAtMs) ? undefined : { left: Math.max(0, left), resetsAtMs };
}

/** Reads dollars with two to six digits after the point; returns NaN for anything else. */
function microUsd(given: unknown): number {
  const [, whole = '', part = ''] = (typeof given === 'string' && /^(\d{1,9})\.(\d{2,6})$/.exec(given)) || [];
  return whole === '' ? NaN : Number(whole) * 1_000_000 + Number(part.padEnd(6, '0'));
}
