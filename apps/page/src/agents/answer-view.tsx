import { dollars } from '../amounts';
import { wholeNumber } from '../format';
import { fill, text } from '../text/text';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { CopyButton } from '../ui/copy-button';
import { Details } from '../ui/details';
import { values } from '../write/form';
import type { Help } from './create-help';
import { help } from './help';
import { outcomeWords, providerName } from './words';

type Answered = Extract<Help, { kind: 'answered' }>;

/** Shows the model's text beside the person's own text, and what the task cost. @param most the most that a task can cost, if known */
export function AnswerView({ state, most }: { readonly state: Answered; readonly most: string | undefined }) {
  const words = text.value.agents;
  const { asked, result, suggestion, before } = state;
  const isReview = asked.task === 'review';
  const isWhole = result.outcome === 'complete';
  return (
    <Card labelledBy="help-answer" tone={isWhole ? 'plain' : result.text === null ? 'bad' : 'open'}>
      <h3 id="help-answer" tabindex={-1}>
        {outcomeWords(result, isReview, words)}
      </h3>
      {result.text !== null && <p class="hint">{words.caution}</p>}
      {isReview && result.text !== null && (
        <p class="letter" lang={asked.language}>
          {result.text}
        </p>
      )}
      {suggestion !== undefined && before === undefined && <SideBySide state={state} suggestion={suggestion} />}
      <p role="status">{before !== undefined && words.used}</p>
      <div class="buttons">
        {suggestion !== undefined && (
          <Button
            onClick={() => {
              if (before === undefined) help.use();
              else help.undo();
            }}
          >
            {before === undefined ? words.use : words.undo}
          </Button>
        )}
        <Button
          kind="quiet"
          onClick={() => {
            help.close();
          }}
        >
          {suggestion !== undefined && before === undefined ? words.keep : words.close}
        </Button>
      </div>
      <Cost state={state} most={most} />
    </Card>
  );
}

function SideBySide({ state, suggestion }: { readonly state: Answered; readonly suggestion: string }) {
  const words = text.value.agents;
  const { asked, result } = state;
  const own = values[asked.task === 'subject' ? 'message/subject' : 'message/body'].value;
  return (
    <div class="sides">
      <div>
        <h4>{words.yours}</h4>
        <p class="letter">{own}</p>
      </div>
      <div>
        <h4>{fill(words.theirs, { provider: providerName(result.statement) })}</h4>
        <p class="letter" lang={asked.language}>
          {suggestion}
        </p>
      </div>
    </div>
  );
}

/** Shows the cost in one line, and the proof of the cost in a folded part below. */
function Cost({ state, most }: { readonly state: Answered; readonly most: string | undefined }) {
  const { agents: words } = text.value;
  const { statement, chargedMicroUsd, costChecked, id, pcr0, proof } = state.result;
  const { usage } = statement;
  const rows: readonly (readonly [name: keyof typeof words.details, value: string])[] = [
    ['model', statement.served_model ?? statement.model],
    ['tokens', usage === null ? words.noTokens : tokens(usage)],
    ['prices', statement.prices_version],
    ['end', statement.end],
    ['id', id],
    ['image', pcr0],
  ];
  return (
    <>
      <p>
        {chargedMicroUsd === 0n ? words.free : fill(words.cost, { cost: dollars(Number(chargedMicroUsd)) })}{' '}
        {costChecked ? words.verified : words.verifiedNotCalculated}
        {statement.attempt === 2 && ` ${most === undefined ? words.second : fill(words.secondMost, { most })}`}
      </p>
      <Details summary={words.proof}>
        <dl class="facts small">
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{words.details[name]}</dt>
              <dd>
                <code class="lines">{value}</code>
              </dd>
            </div>
          ))}
        </dl>
        <div class="buttons">
          <CopyButton value={JSON.stringify(proof)} what={words.statement} />
        </div>
      </Details>
    </>
  );
}

function tokens({
  input,
  cached,
  cacheWrittenShort,
  cacheWrittenLong,
  output,
  thinking,
}: NonNullable<Answered['result']['statement']['usage']>): string {
  const words = text.value.agents;
  const lines = [
    [words.tokens.input, input + cached + cacheWrittenShort + cacheWrittenLong],
    [words.tokens.output, output],
    [words.tokens.thinking, thinking],
  ] as const;
  return lines.map(([name, count]) => `${name}: ${wholeNumber(count)}`).join('\n');
}
