import { useState } from 'preact/hooks';
import { knownText } from '../text/known-text';
import { fill, text } from '../text/text';
import type { NoAnswerReason } from '../trust/ask';
import { linkHash } from '../trust/trust';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { Time } from '../ui/time';
import { partName } from './chart';
import { AdminCharts, PublicCharts } from './charts';
import { admin, adminHistory, health, now, useToken } from './watch-status';

/** `/status`: health as the server reports it, and figures for operators. */
export function StatusPage() {
  const words = text.value.status;
  return (
    <>
      <h1>{words.title}</h1>
      <p class="lead">
        {words.lead} <a href={`/verify${linkHash.value}`}>{words.proof}</a>
      </p>
      <section aria-labelledby="health-title">
        <h2 id="health-title">{words.health}</h2>
        <HealthNow />
        <div class="charts single">
          {health.value.at.length === 0 ? (
            <p class="hint">{words.noSamples}</p>
          ) : (
            <PublicCharts history={health.value} />
          )}
        </div>
      </section>
      <section aria-labelledby="operators-title">
        <h2 id="operators-title">{words.operators}</h2>
        <TokenForm />
        {adminHistory.value.at.length > 0 && (
          <div class="charts">
            <AdminCharts history={adminHistory.value} />
          </div>
        )}
      </section>
    </>
  );
}

/** Only the verdict's title has `role="status"`: screen readers read it out when it changes, and not the time every ten seconds. */
function HealthNow() {
  const words = text.value.status;
  const state = now.value;
  if (state.kind === 'noAnswer')
    return (
      <div class="verdict" data-state="failed">
        <p class="verdict-title" role="status">
          {reasonSentence(state.reason)}
        </p>
        <p>{words.before}</p>
      </div>
    );
  if (state.kind === 'asking')
    return (
      <div class="verdict" data-state="running">
        <p class="verdict-title" role="status">
          {words.asking}
        </p>
      </div>
    );
  const { isUp, bad, atMs } = state;
  const tone = isUp ? (bad.length === 0 ? 'passed' : 'open') : 'failed';
  return (
    <div class="verdict" data-state={tone}>
      <p class="verdict-title" role="status">
        {{ passed: words.allUp, open: words.degraded, failed: words.down }[tone]}
      </p>
      {bad.length > 0 && (
        <ul class="plain">
          {bad.map(({ name, status, code }) => (
            <li key={name}>
              {partName(name)}: {stateName(status)} {code !== undefined && <code>{code}</code>}
            </li>
          ))}
        </ul>
      )}
      <p class="note">
        {words.asOf} <Time ms={atMs} /> · {words.often}
      </p>
    </div>
  );
}

function TokenForm() {
  const words = text.value.status;
  const [token, setToken] = useState('');
  const state = admin.value;
  return (
    <form
      novalidate
      onSubmit={(event) => {
        event.preventDefault();
        if (useToken(token)) setToken('');
        else document.getElementById('admin-token')?.focus();
      }}
    >
      <TextField
        id="admin-token"
        type="password"
        label={words.token}
        hint={words.tokenHint}
        error={state.kind === 'not_a_token' ? words.notAToken : undefined}
        value={token}
        onInput={setToken}
        spellcheck={false}
        required
      />
      <div class="buttons">
        <Button type="submit">{words.show}</Button>
      </div>
      <p class="note" role="status">
        {state.kind === 'noAnswer' && reasonSentence(state.reason)}
        {state.kind === 'shown' && words.tokenKept}
      </p>
    </form>
  );
}

function reasonSentence(reason: NoAnswerReason): string {
  const words = text.value.status.noAnswer;
  if (reason.kind !== 'answered') return words[reason.kind];
  return knownText(words.codes, reason.code) ?? fill(words.answered, { status: String(reason.status) });
}

function stateName(status: string): string {
  return knownText(text.value.status.states, status) ?? status;
}
