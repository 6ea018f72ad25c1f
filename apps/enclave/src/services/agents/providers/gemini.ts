import { count, requireSum, usageBy, without } from './counts';
import {
  failureOf,
  isNameOrAbsent,
  items,
  member,
  modelName,
  retryAfterMs,
  shapeFor,
  textOf,
  type Answered,
  type Dialect,
  type Failed,
  type Json,
  type ModelEnd,
} from './dialect';

const ENDS: Readonly<Record<string, ModelEnd>> = {
  STOP: 'complete',
  MAX_TOKENS: 'cut',
  SAFETY: 'refused',
  RECITATION: 'refused',
  BLOCKLIST: 'refused',
  PROHIBITED_CONTENT: 'refused',
  SPII: 'refused',
};
const REASONS: Readonly<Record<string, Failed['end']>> = {
  API_KEY_INVALID: 'key',
  API_KEY_SERVICE_BLOCKED: 'key',
  BILLING_DISABLED: 'funds',
};

/** The Gemini API (`POST /v1beta/models/M:generateContent`, not streamed), as the official SDK's types describe it. */
export const gemini: Dialect = {
  provider: 'gemini',
  target: (model) => `/v1beta/models/${model}:generateContent`,
  headers: ({ apiKey }) => ({ 'x-goog-api-key': apiKey }),
  request(question) {
    const { row, prompt, maxOutputTokens } = question;
    const { thinking } = shapeFor('gemini', question);
    return {
      systemInstruction: { parts: [{ text: prompt.instructions }] },
      contents: [{ role: 'user', parts: [{ text: prompt.input }] }],
      // Overrides the project's own setting for logs
      store: false,
      serviceTier: 'standard',
      generationConfig: {
        candidateCount: 1,
        maxOutputTokens: maxOutputTokens + row.thinkingAllowanceTokens,
        thinkingConfig: {
          includeThoughts: false,
          ...('budget' in thinking ? { thinkingBudget: thinking.budget } : { thinkingLevel: thinking.level }),
        },
      },
    };
  },
  answered(body) {
    const candidate = items(member(body, 'candidates'))[0];
    // A blocked prompt has no candidate
    const isBlocked = typeof member(body, 'promptFeedback', 'blockReason') === 'string';
    if (candidate === undefined && !isBlocked) return null;
    const parts = items(member(candidate, 'content', 'parts'));
    const isText = (part: Json) => typeof member(part, 'text') === 'string';
    // Only the flag marks a thought, because any part may have a signature
    const text = parts
      .filter((part) => isText(part) && !isThought(part))
      .map((part) => textOf(member(part, 'text')))
      .join('');
    const reason = textOf(member(candidate, 'finishReason'));
    return {
      end: isBlocked ? 'refused' : ((Object.hasOwn(ENDS, reason) ? ENDS[reason] : undefined) ?? 'other'),
      text,
      usage: usageOf(member(body, 'usageMetadata'), text),
      servedModel: modelName(member(body, 'modelVersion')),
      asRequested:
        isStandard(member(body, 'usageMetadata', 'serviceTier')) && isNameOrAbsent(member(body, 'modelVersion')),
      skippedParts: parts.filter((part) => !isText(part)).length,
    };
  },
  failed(status, body, header) {
    if (status === 200) return { end: 'malformed', waitMs: null };
    const details = items(member(body, 'error', 'details'));
    const waitMs = delayIn(details) ?? retryAfterMs(header);
    const violations = details.flatMap((detail) => items(member(detail, 'violations')));
    const quotas = violations.map(
      (violation) => `${textOf(member(violation, 'quotaMetric'))} ${textOf(member(violation, 'quotaId'))}`,
    );
    // Reported separately, because the provider may train models on drafts sent on the free tier
    if (quotas.some((quota) => /free_?tier/i.test(quota))) return { end: 'free_tier', waitMs };
    for (const detail of details) {
      const reason = textOf(member(detail, 'reason'));
      const known = Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
      if (known !== undefined) return { end: known, waitMs };
    }
    if (status === 400 && member(body, 'error', 'status') === 'FAILED_PRECONDITION') return { end: 'location', waitMs };
    if (status === 429 && quotas.some((quota) => /per_?day/i.test(quota))) return { end: 'quota', waitMs };
    return { end: failureOf(status), waitMs };
  },
};

/** The provider's prompt count includes cached tokens. Tools' input and thoughts have their own counts. A count of zero is absent. */
function usageOf(usage: Json, text: string): Answered['usage'] {
  const optional = (name: string) => count(member(usage, name), 0);
  return usageBy(text, () => {
    const prompt = count(member(usage, 'promptTokenCount'));
    const cached = optional('cachedContentTokenCount');
    const tools = optional('toolUsePromptTokenCount');
    const output = optional('candidatesTokenCount');
    const thinking = optional('thoughtsTokenCount');
    requireSum(member(usage, 'totalTokenCount'), prompt + tools + output + thinking);
    return {
      input: without(prompt, cached) + tools,
      cached,
      cacheWrittenShort: 0,
      cacheWrittenLong: 0,
      output,
      thinking,
    };
  });
}

/** Any flag other than false marks a thought, because showing no text is better than showing the model's plan. */
function isThought(part: Json): boolean {
  return ![undefined, null, false].includes(member(part, 'thought') as boolean | null | undefined);
}

/** True also for models that do not report their tier. */
function isStandard(tier: Json): boolean {
  return tier === undefined || ['standard', 'unspecified'].includes(textOf(tier).toLowerCase());
}

/** Reads the delay in `google.rpc.RetryInfo`: a number of seconds followed by `s`. */
function delayIn(details: readonly Json[]): number | null {
  for (const detail of details) {
    const seconds = /^(\d{1,7}(?:\.\d{1,9})?)s$/.exec(textOf(member(detail, 'retryDelay')))?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  }
  return null;
}
