import type { AgentState, TaskRequest, TaskOptions, TaskResult } from '../api';
import { aboutMessage, asClientError } from '../as-client-error';
import { ClientError, type WhetherSent } from '../errors';
import type { Sender } from '../send-message';
import { callListener } from '../sending';
import { postTask } from './post-task';
import { prepareTask, type PreparedTask } from './prepare-task';
import { verifyTask } from './verify-task';

/** Runs one task from its check to its verified answer. */
export async function runTask(sender: Sender, task: TaskRequest, options: TaskOptions): Promise<TaskResult> {
  const { signal } = options;
  const tell = (state: AgentState) => {
    callListener(options.onState, state);
  };
  let prepared: PreparedTask | undefined;
  let sent: WhetherSent = 'not_sent';
  const prepare = async (): Promise<PreparedTask> => {
    const key = await sender.keys.attest({ signal, onState: tell });
    prepared = prepareTask(task, key, sender.keys.nowSeconds(key));
    tell({ step: 'sealed', id: prepared.id, request: prepared.request });
    return prepared;
  };
  const ask = async (each: PreparedTask) => {
    const { gateway, token } = sender;
    const onSent = (proven: WhetherSent) => {
      sent = proven;
    };
    const posted = await postTask(each, { gateway, token, signal, onState: tell, onSent });
    sent = 'accepted';
    return verifyTask(each, posted, sender.trust);
  };
  try {
    const first = await prepare();
    const result = await ask(first).catch(async (error: unknown) => {
      if (!isRetired(error)) throw error;
      // Sealing the task again is safe: the enclave could not open it, so no provider was asked
      sender.keys.forget(first.key);
      return ask(await prepare());
    });
    tell({ step: 'ended', result });
    return result;
  } catch (thrown) {
    const error = asClientError(thrown, signal);
    throw prepared === undefined ? error : aboutMessage(error, prepared.id, sent);
  }
}

function isRetired(error: unknown): boolean {
  return error instanceof ClientError && error.problem === 'key_retired';
}
