import type { ModelRequest } from '../dialects/dialect';
import type { Counts, ScriptedAnswer, SimulatedAnswer } from './answer';
import { defaultAnswer } from './default-model';

/** What the model answers if nothing is scripted. `sensible`: see default-model.ts. `echo`: the prompt, unchanged. */
export type DefaultAnswer = 'sensible' | 'echo';

export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** Returns the answer to one request. The simulated model makes each part that the script leaves out. */
export function composeAnswer(
  request: ModelRequest,
  scripted: ScriptedAnswer | null,
  whenNotScripted: DefaultAnswer,
): SimulatedAnswer {
  const thinking = thinkingOf(request, scripted);
  const whole =
    scripted?.text ??
    (whenNotScripted === 'echo' ? request.prompt : defaultAnswer(request.instructions, request.prompt));
  const room = request.maxOutputTokens - thinking;
  // A scripted text is never cut, because a test may script a model that exceeds its maximum
  const fits = scripted?.text !== undefined || tokensOf(whole) <= room;
  const end = scripted !== null && scripted.end !== 'complete' ? scripted.end : fits ? 'complete' : 'cut';
  const text = end === 'refused' || end === 'empty' ? '' : fits ? whole : cutTo(whole, room);
  const counts: Counts = scripted?.counts ?? {
    input: tokensOf(request.instructions) + tokensOf(request.prompt) + 8,
    cached: 0,
    cacheWrittenShort: 0,
    cacheWrittenLong: 0,
    tools: 0,
    output: tokensOf(text),
    thinking: end === 'empty' ? request.maxOutputTokens : thinking,
  };
  return {
    text,
    thoughts: scripted?.thoughts ?? null,
    end,
    counts,
    wrongUsage: scripted?.wrongUsage ?? null,
    tier: scripted?.tier ?? null,
    model: scripted?.model ?? null,
    members: scripted?.members ?? {},
  };
}

/** Without scripted thoughts, thinking takes the tokens that the request allows, but at most half of its maximum output. */
function thinkingOf(request: ModelRequest, scripted: ScriptedAnswer | null): number {
  if (scripted?.thoughts !== undefined) return tokensOf(scripted.thoughts);
  return Math.min(request.thinkingTokens, Math.floor(request.maxOutputTokens / 2));
}

function cutTo(text: string, tokens: number): string {
  let cut = '';
  for (const character of text) {
    if (tokensOf(cut + character) > tokens) break;
    cut += character;
  }
  return cut;
}
