/** Task `shorten`: the model rewrites the letter in about half as many words. */
export const SHORTEN = `Your task: shorten the draft to about half its length.

- Keep what the writer asks for, their strongest reason, and what happened to them.
- Cut repetition, side remarks and filler. Keep the writer's own words where you can.
- Add nothing. The result must be shorter than the draft.
- Answer with the shortened letter and nothing else.`;
