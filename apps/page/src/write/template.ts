import { batch } from '@preact/signals';
import type { Topic } from './fields';
import { topics, values } from './form';

/** A text of a campaign to start from. The person may change every word. */
export interface Template {
  readonly title: string;
  readonly subject?: string;
  readonly body?: string;
  readonly topics?: readonly Topic[];
  readonly stance?: 'pro' | 'con';
  /** As the form takes them: one a line. */
  readonly bills?: string;
}

/** Fills in what the person has not written yet. */
export function startFrom({ subject, body, topics: given = [], stance, bills }: Template): void {
  batch(() => {
    for (const [name, text] of [
      ['message/subject', subject],
      ['message/body', body],
      ['message/stance', stance],
      ['message/bills', bills],
    ] as const)
      if (values[name].value === '') values[name].value = text ?? '';
    if (topics.value.length === 0) topics.value = given;
  });
}
