import { ClientError, type SendResult, type SendState } from '@communique-tee/client';
import { byId, el, replaceContent } from '../elements';
import { clock, duration } from '../format';
import { showResult } from './receipt-view';
import { errorWords, sentWords, stateWords } from './state-words';

/** So long without a word of the server's, and it is asked whether it is there at all. */
const SILENCE_MS = 5000;

/** One message on its way: each state as it comes, and its end. */
export async function follow(
  send: (signal: AbortSignal, onState: (state: SendState) => void) => Promise<SendResult>,
  onSealed: (sealed: Uint8Array) => void,
  onError: (error: ClientError) => void,
): Promise<void> {
  const log = byId('states');
  const stop = byId('stop') as HTMLButtonElement;
  const aborting = new AbortController();
  const watch = watchSilence();
  replaceContent(log);
  replaceContent(byId('result'));
  byId('nothing-yet').hidden = true;
  byId('follow-error').hidden = true;
  byId('following').hidden = false;
  stop.hidden = false;
  stop.onclick = () => {
    aborting.abort();
  };
  byId('follow-title').scrollIntoView({ block: 'start' });
  let last = '';
  try {
    const result = await send(aborting.signal, (state) => {
      watch.heard();
      if (state.step === 'sealed') onSealed(state.sealed);
      const words = stateWords(state);
      if (words === last) return;
      last = words;
      log.append(el('li', { 'data-step': state.step }, el('time', {}, clock(Date.now())), ' ', words));
    });
    showResult(byId('result'), result);
    byId('result-title').focus();
  } catch (error) {
    const line = byId('follow-error');
    if (error instanceof ClientError) {
      line.textContent = `${errorWords(error)} ${sentWords(error)}`;
      onError(error);
    } else {
      line.textContent = 'This page made a mistake. Its console says more.';
      reportError(error);
    }
    line.hidden = false;
  } finally {
    watch.stop();
    stop.hidden = true;
  }
}

/** While the stream says nothing: since when, and whether the server answers at all. */
function watchSilence(): { heard(): void; stop(): void } {
  const line = byId('silence');
  let heardMs = Date.now();
  let asking = false;
  const timer = setInterval(() => {
    const silentMs = Date.now() - heardMs;
    if (silentMs < SILENCE_MS) line.textContent = '';
    if (silentMs < SILENCE_MS || asking) return;
    asking = true;
    fetch('/health', { cache: 'no-store', signal: AbortSignal.timeout(4000) })
      .then(
        ({ ok }) => ok,
        () => false,
      )
      .then((answers) => {
        if (Date.now() - heardMs < SILENCE_MS) return;
        line.textContent = answers
          ? `No change for ${duration(Date.now() - heardMs)}.`
          : `The server cannot be reached. Last heard ${duration(Date.now() - heardMs)} ago; asking again.`;
      })
      .finally(() => {
        asking = false;
      })
      .catch(() => undefined);
  }, 1000);
  return {
    heard: () => {
      heardMs = Date.now();
      line.textContent = '';
    },
    stop: () => {
      clearInterval(timer);
      line.textContent = '';
    },
  };
}
