import type { SendResult, SendState, Sending } from './api';
import { States } from './states';

/** Starts `work` at once and reports its states to `onState` and to any number of readers. An error of `work` rejects `result`. */
export function startSending(
  id: string,
  onState: ((state: SendState) => void) | undefined,
  work: (tell: (state: SendState) => void) => Promise<SendResult>,
): Sending {
  const states = new States();
  const result = work((state) => {
    states.add(state);
    callListener(onState, state);
  });
  result.then(
    () => {
      states.end();
    },
    (error: unknown) => {
      states.end({ error });
    },
  );
  return { id, result, [Symbol.asyncIterator]: () => states.read() };
}

/** Calls the listener. An error that it throws is reported as uncaught and does not stop the work. */
export function callListener<State>(onState: ((state: State) => void) | undefined, state: State): void {
  try {
    onState?.(state);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
