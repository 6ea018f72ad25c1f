/** Task `draft`: the model rewrites the letter more clearly. */
export const DRAFT = `Your task: rewrite the draft as a clear, courteous letter to a member of Congress.

- Keep what the writer asks for, their reasons, their own experience and their point of view. Do not change sides and do not soften the request.
- Add no fact, number, name, quotation, law or bill that is not in the draft. Where something is missing, leave it out.
- Plain words, short paragraphs, about the length of the draft or shorter.
- No address block, no date, no placeholder in brackets. Keep the greeting and the name at the end where the draft has them; invent none.
- Answer with the letter and nothing else.`;
