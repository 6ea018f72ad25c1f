import { connect, createDeliverySecret, type Message, prepareMessage } from '@communique-tee/client';
import { encodeCongressMessage, validateCongressMessage } from '@communique-tee/protocol';
import { byId } from '../elements';
import { follow } from '../follow/follow';
import { duplicateQuestion } from '../follow/state-words';
import { problemsByField } from '../write/field-problems';
import { clearProblems, drawFields, showProblems } from '../write/form-view';
import { readForm } from '../write/read-form';
import { showSealed } from '../write/sealed-view';
import { setsOf } from '../proof/examine';
import type { Trust } from './trust';

/** The form, its check, and what becomes of it: sealed for a look, or sealed and sent. */
export function setUpWriting(trust: Trust): void {
  drawFields(byId('fields'));
  const form = byId('message-form') as HTMLFormElement;
  const token = byId('token') as HTMLInputElement;
  const note = byId('write-note');
  let sending = false;

  const prepared = ():
    { message: Record<string, unknown>; plain: Parameters<typeof prepareMessage>[0] } | undefined => {
    note.textContent = '';
    const message = readForm(new FormData(form));
    const result = validateCongressMessage({
      ...message,
      version: 1,
      deliverySecret: createDeliverySecret(),
      proof: null,
    });
    const summary = byId('form-problems');
    if (!result.ok) {
      const { shown, rest } = problemsByField(result.problems);
      showProblems(summary, shown, rest);
      return undefined;
    }
    clearProblems(summary);
    if (trust.verified === undefined) {
      note.textContent =
        trust.accepted?.operator === undefined
          ? 'First name the image and the operator that you trust (1). Nothing was sealed.'
          : 'The enclave is not verified (2). Nothing was sealed.';
      return undefined;
    }
    return { message, plain: result.message };
  };

  byId('seal-only').addEventListener('click', () => {
    const ready = prepared();
    if (ready === undefined || trust.verified === undefined) return;
    const { sealed } = prepareMessage(ready.plain, trust.verified);
    showSealed(byId('sealed'), ready.message, encodeCongressMessage(ready.plain).length, sealed);
    byId('sealed-part').hidden = false;
    note.textContent = 'Sealed. Nothing was sent. Sealed again, every byte differs.';
  });

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (sending) return;
    const ready = prepared();
    const sets = setsOf(trust.accepted);
    if (ready === undefined || sets === undefined) return;
    if (token.value.trim() === '') {
      note.textContent = 'Paste a token: the server takes messages from people it knows.';
      token.focus();
      return;
    }
    sending = true;
    const policy = {
      acceptedMeasurements: sets,
      ...(trust.developmentRootPem !== undefined && { unsafeDevelopmentRootPem: trust.developmentRootPem }),
    };
    const given = token.value.trim();
    void follow(
      async (signal, onState) => {
        const client = await connect(location.origin, policy, { token: () => given, signal });
        // readForm gives the shape, and validateCongressMessage has just judged it
        return client.send(ready.message as unknown as Message, {
          signal,
          onState,
          confirmPossibleDuplicate: (risk) => confirm(duplicateQuestion(risk)),
        }).result;
      },
      (sealed) => {
        showSealed(byId('sealed'), ready.message, encodeCongressMessage(ready.plain).length, sealed);
        byId('sealed-part').hidden = false;
      },
      (error) => {
        if (error.problems.length === 0) return;
        const { shown, rest: others } = problemsByField(error.problems);
        showProblems(byId('form-problems'), shown, others);
      },
    ).finally(() => {
      sending = false;
    });
  });
}
