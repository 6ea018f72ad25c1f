import type { CheckResult } from '@communique-tee/enclave-identity/browser';
import { quantity, wholeNumber } from '../format';
import { fill, text } from '../text/text';
import { checkSentence, checksOf, compared, GROUPS, titleOf, type Group } from '../trust/check-texts';
import type { Evidence } from '../trust/trust';

/** `open`: not compared, because there was nothing to compare with. `waiting`: an earlier check failed. */
type State = 'passed' | 'warning' | 'failed' | 'open' | 'waiting';
const SIGNS: Readonly<Record<State, string>> = { passed: '✓', warning: '!', failed: '✕', open: '?', waiting: '·' };
/** The most serious state first. A group has the state of its worst check. */
const WORST: readonly State[] = ['failed', 'open', 'waiting', 'warning', 'passed'];

interface Line {
  readonly id: string;
  readonly state: State;
  readonly title: string;
  readonly sentence: string;
  readonly values: readonly (readonly [string, string])[];
  readonly code: string | undefined;
}

export function ChecksView({ evidence }: { readonly evidence: Evidence }) {
  const words = text.value.verify;
  return (
    <section aria-labelledby="checks-title">
      <h2 id="checks-title">{words.groupsTitle}</h2>
      {GROUPS.map((group) => {
        const lines = linesOf(group, evidence);
        const state = WORST.find((each) => lines.some((line) => line.state === each)) ?? 'waiting';
        // Under a development root no document is genuine, although every check of this group passes
        const kind = evidence.demo && group === 'genuine' && state === 'warning' ? 'demo' : undefined;
        return (
          <details key={group} class="check-group" data-group={group} data-state={state} open={state === 'failed'}>
            <summary>
              <span class="sign" aria-hidden="true">
                {SIGNS[state]}
              </span>
              <span class="check-group-title">{words.groups[kind ?? group]}</span>
              <span class="check-state">{words.groupStates[kind ?? state]}</span>
            </summary>
            <ul class="checks">
              {lines.map((line) => (
                <CheckLine key={line.id} line={line} />
              ))}
            </ul>
          </details>
        );
      })}
    </section>
  );
}

function CheckLine({ line: { id, state, title, sentence, values, code } }: { readonly line: Line }) {
  return (
    <li data-check={id} data-state={state}>
      <span class="sign" aria-hidden="true">
        {SIGNS[state]}
      </span>
      <div>
        <p class="check-title">
          {title}
          <span class="check-state">{text.value.verify.groupStates[state]}</span>
        </p>
        {sentence !== '' && <p class="check-detail">{sentence}</p>}
        {values.map(([name, value]) => (
          <p key={name} class="check-detail">
            {name}: <code class="lines">{value}</code>
          </p>
        ))}
        {code !== undefined && (
          <p class="check-detail">
            {text.value.common.details}: <code>{code}</code>
          </p>
        )}
      </div>
    </li>
  );
}

function linesOf(group: Group, evidence: Evidence): Line[] {
  const names: readonly string[] = checksOf(group);
  const lines = evidence.checks
    .filter(({ name }) => names.includes(name))
    .map((check): Line => ({
      id: check.name,
      state: stateOf(check),
      title: titleOf(check.name),
      sentence: checkSentence(check, evidence),
      values: compared(check, evidence),
      code: check.state === 'failed' ? check.code : undefined,
    }));
  return group === 'fresh' ? [answerLine(evidence), ...lines] : lines;
}

/** Returns the line for the server's answer, which comes before the checks of the examination. */
function answerLine({ answer }: Evidence): Line {
  const { titles, passed } = text.value.checks;
  return {
    id: 'answer',
    state: 'passed',
    title: titles.answer,
    sentence: fill(passed.answer, {
      bytes: wholeNumber(answer.document.length),
      time: quantity(answer.roundTripMs, 'millisecond'),
    }),
    values: [],
    code: undefined,
  };
}

function stateOf(check: CheckResult): State {
  if (check.state !== 'not_run') return check.state;
  return check.code === undefined ? 'waiting' : 'open';
}
