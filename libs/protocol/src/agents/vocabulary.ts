/** What a person can ask a model for. The list is closed, because each task has its own prompt in the enclave's image. */
export const TASKS = ['subject', 'draft', 'shorten', 'review'] as const;
export type Task = (typeof TASKS)[number];

export const PROVIDERS = ['openai', 'gemini', 'anthropic'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Visible output tokens of one task: 64 to 2,048 in steps of 64. */
export const OUTPUT_TOKEN_STEP = 64;
export const MAX_OUTPUT_TOKENS = 2048;

/** Padded plain text of a sealed task: four sizes, so that its length tells little. */
export const TASK_BUCKETS = [4096, 8192, 16_384, 32_768] as const;

/** The padded plain text of a sealed answer to a task, for every outcome. */
export const TASK_ANSWER_BUCKET = 16_384;
