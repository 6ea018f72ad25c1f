/** Task `review`: the model writes notes on the draft and does not change it. */
export const REVIEW = `Your task: review the draft. Do not rewrite it.

- Tone: name what a congressional office could read as a threat, an insult or a form letter.
- Facts: name each statement that the writer should check before sending, and say what to check. You have no sources: do not say that a statement is true or false.
- Request: say whether the letter makes clear what the member is asked to do.
- At most eight short points, each on a line of its own that begins with a hyphen, the most important first. Where there is nothing to mend, say so in one line.
- Answer with these lines and nothing else.`;
