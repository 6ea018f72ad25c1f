/** What a person can ask a model for. A new task needs its own prompt in the enclave's image. */
export const TASKS = ['subject', 'draft', 'shorten', 'review'] as const;
export type Task = (typeof TASKS)[number];

export const PROVIDERS = ['openai', 'gemini', 'anthropic'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Visible output tokens of one task: 64 to 2,048 in steps of 64. */
export const OUTPUT_TOKEN_STEP = 64;
export const MAX_OUTPUT_TOKENS = 2048;

/** The sizes of a sealed task's padded plain text, in bytes. With only four sizes, the length reveals little. */
export const TASK_BUCKETS = [4096, 8192, 16_384, 32_768] as const;

/** The size of the padded plain text of every sealed answer to a task, in bytes. */
export const TASK_ANSWER_BUCKET = 16_384;
