/** Task `subject`: the model writes a subject line for the draft. */
export const SUBJECT = `Your task: write the subject line of the letter.

- Say in one line what the writer asks for and about what.
- At most 100 characters. No quotation marks around it, no label before it, no full stop at its end.
- Answer with that line and nothing else.`;
