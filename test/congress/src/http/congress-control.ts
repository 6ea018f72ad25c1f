import { ControlError, controlBody, controlHandler, type Handler } from '@communique-tee/testing/harness';
import { faultPlanSchema } from '../faults/fault';
import type { FaultSchedule } from '../faults/schedule';
import { isOutcomeKey, outcomeSchema, outcomesSchema } from '../outcomes/outcome';
import type { OutcomeTable } from '../outcomes/outcome-table';
import { isPresetName, outcomesOf, PRESETS } from '../outcomes/presets';
import type { ReceivedMessages } from '../received';

/**
 * The control port's request handler, by which another process reads the received messages, chooses outcomes and sets faults. README.md
 * lists the routes and errors.
 */
export function congressControl(faults: FaultSchedule, received: ReceivedMessages, outcomes: OutcomeTable): Handler {
  return controlHandler({
    'GET received': () => received.all(),
    'DELETE received': () => {
      received.clear();
    },
    'GET faults': () => faults.counts(),
    'POST faults': async ({ body }) => {
      faults.set(controlBody(faultPlanSchema, await body(), 'not_a_fault_plan'));
    },
    'GET outcomes': () => outcomes.all(),
    'PUT outcomes': async ({ body }) => {
      outcomes.replace(controlBody(outcomesSchema, await body(), 'not_an_outcome'));
    },
    'DELETE outcomes': () => {
      outcomes.replace({});
    },
    'PUT outcomes/': async ({ rest, body }) => {
      outcomes.set(knownOffice(rest), controlBody(outcomeSchema, await body(), 'not_an_outcome'));
    },
    'DELETE outcomes/': ({ rest }) => {
      if (!outcomes.clear(knownOffice(rest))) throw new ControlError(404, 'no_outcome', `${rest} has no outcome`);
    },
    'GET presets': () =>
      Object.fromEntries(Object.entries(PRESETS).map(([name, { description }]) => [name, description])),
    'POST presets/': ({ rest }) => {
      if (!isPresetName(rest))
        throw new ControlError(404, 'unknown_preset', `the presets are ${Object.keys(PRESETS).join(', ')}`);
      outcomes.replace(outcomesOf(rest));
    },
  });
}

function knownOffice(key: string): string {
  if (!isOutcomeKey(key)) throw new ControlError(404, 'unknown_office', 'neither an existing office nor a chamber');
  return key;
}
