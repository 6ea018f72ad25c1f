import { agentTaskProblems, encodeAgentTask, LIMITS, type FieldProblem } from '@communique-tee/protocol';
import type { ModelClass, TaskRequest } from '../api';
import { ClientError } from '../errors';
import type { EnclaveKey } from '../enclave-key';

const RULES: Readonly<Record<string, string>> = {
  invalid_characters: 'has a character that cannot be sent, such as half of an emoji or a control character',
  too_long: `is too long: a text has at most ${String(LIMITS.maxTaskTextBytes)} bytes, a subject 500 characters`,
  too_short: 'has no visible text',
  invalid: 'is not in the form that docs/agents.md describes',
};

/**
 * Returns the attested model class that this task names, if the class takes this kind of task.
 * @throws ClientError `model_refused`; the task was not sent
 */
export function attestedClass({ configuration }: Pick<EnclaveKey, 'configuration'>, task: TaskRequest): ModelClass {
  if (configuration === undefined)
    throw refused('configuration_missing', 'the gateway does not give the configuration that the enclave attests');
  const agents = configuration.services.agents;
  if (agents === undefined) throw refused('agents_off', 'the enclave attests that it takes no tasks for models');
  const found = agents.classes.find(({ id }) => id === task.modelClass);
  if (found === undefined) throw refused('model_class_unknown', 'the enclave attests no model class of this name');
  if (!found.tasks.includes(task.task)) throw refused('task_not_offered', 'this model class does not take this task');
  if ((task.maxOutputTokens ?? 0) > found.maxOutputTokens)
    throw refused('output_too_large', 'this model class allows less output');
  return found;
}

/**
 * Returns the content of a task as CBOR, for sealing.
 * @param maxOutputTokens also visible outside the seal; the model class's maximum reveals nothing about the task
 * @throws ClientError `task_invalid` with every field that is wrong; the task was not sent
 */
export function encodeTask(task: TaskRequest, maxOutputTokens: number): Uint8Array {
  // `rest` keeps unknown members, so that they are reported here and not refused by the enclave
  const { subject = null, maxOutputTokens: _outside, ...rest } = task;
  const content = { version: 1 as const, ...rest, subject, maxOutputTokens };
  const problems = agentTaskProblems(content).map(({ pointer, code }): FieldProblem => ({
    pointer,
    code,
    message: `${pointer === '' ? 'The task' : pointer}: ${RULES[code] ?? String(RULES['invalid'])}`,
  }));
  if (problems.length > 0) throw new ClientError('task_invalid', 'the task cannot be sent as it is', { problems });
  return encodeAgentTask(content);
}

function refused(reason: string, message: string): ClientError {
  return new ClientError('model_refused', message, { reason });
}
