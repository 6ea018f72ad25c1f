import type { ComponentChildren } from 'preact';
import { isLoopback } from '../loopback';
import { fill, text } from '../text/text';
import { forgetAccepted, keepAccepted } from '../trust/accepted';
import { failureSentence, titleOf } from '../trust/check-texts';
import {
  checkEnclave,
  chooseDemo,
  dropLink,
  evidence,
  leaveDemo,
  linked,
  naming,
  trust,
  type Refusal,
  type Trust,
} from '../trust/trust';
import { trustSentence } from '../trust/trust-sentence';
import { Button } from '../ui/button';
import { Card } from '../ui/card';

/** `open`: the checks passed, but for a demo or for any operator; or the page had no image to compare with. */
type Tone = 'running' | 'passed' | 'open' | 'failed';

interface Told {
  readonly tone: Tone;
  /** One sentence. */
  readonly verdict: string;
  /** What the verdict means for the reader. */
  readonly lines: readonly string[];
}

export function VerdictView() {
  const { tone, verdict, lines } = told(trust.value);
  const state = trust.value;
  return (
    <>
      <div class="verdict" data-state={tone}>
        <p class="verdict-title" role="status">
          {verdict}
        </p>
        {lines.map((line) => (
          <p key={line}>{line}</p>
        ))}
        {state.kind === 'unreachable' && state.reason.kind === 'answered' && (
          <p class="note">
            {text.value.common.details}:{' '}
            <code>
              {state.reason.status} {state.reason.code}
            </code>
          </p>
        )}
        <div class="buttons">
          {state.kind === 'refused' && <Ways reason={state.reason} />}
          {'demo' in state && state.demo && !isLoopback(location) && (
            <Action run={leaveDemo}>{text.value.verify.leaveDemo}</Action>
          )}
          <Action run={checkEnclave}>{text.value.trust.again}</Action>
        </div>
      </div>
      <Difference />
    </>
  );
}

function told(state: Trust): Told {
  const { verdicts, next } = text.value.verify;
  switch (state.kind) {
    case 'checking':
      return { tone: 'running', verdict: verdicts.checking, lines: [] };
    case 'verified': {
      if (state.demo) return { tone: 'open', verdict: verdicts.demo, lines: [next.demo] };
      if (state.anyOperator) return { tone: 'open', verdict: verdicts.anyOperator, lines: [next.anyOperator] };
      const by = state.namedBy === 'site' ? 'site' : 'named';
      return { tone: 'passed', verdict: verdicts[by], lines: [next[by]] };
    }
    case 'refused':
      return toldRefused(state.reason, state.demo);
    case 'unreachable':
      return { tone: 'failed', verdict: verdicts.unreachable, lines: [trustSentence(state), next.unreachable] };
  }
}

function toldRefused(reason: Refusal, demo: boolean): Told {
  const { verdicts, next } = text.value.verify;
  switch (reason.kind) {
    case 'check': {
      const failed = evidence.value?.checks.find((check) => check.state === 'failed');
      const verdict = fill(demo ? verdicts.demoCheck : verdicts.check, { title: titleOf(reason.check) });
      const why = failed?.state === 'failed' ? [failureSentence(failed.code, failed.detail)] : [];
      return { tone: 'failed', verdict, lines: [...why, next.check] };
    }
    case 'link_unusable':
      return {
        tone: 'failed',
        verdict: verdicts.link_unusable,
        lines: [text.value.trust.problems[reason.problem.code], next.link_unusable],
      };
    case 'not_compared':
    case 'demo_not_chosen':
      return { tone: 'open', verdict: verdicts[reason.kind], lines: [next[reason.kind]] };
    default:
      return { tone: 'failed', verdict: verdicts[reason.kind], lines: [next[reason.kind]] };
  }
}

/** Buttons for decisions that only the reader may make. */
function Ways({ reason }: { readonly reason: Refusal }) {
  const words = text.value.verify;
  switch (reason.kind) {
    case 'link_unusable':
      return <Action run={dropLink}>{words.ignoreLink}</Action>;
    case 'kept_unusable':
      return <Action run={forgetKept}>{words.compare.forget}</Action>;
    case 'link_contradicts_kept':
      return (
        <>
          <Action run={dropLink}>{words.useKept}</Action>
          <Action run={keepLink}>{words.useLink}</Action>
        </>
      );
    case 'demo_not_chosen':
      return <Action run={chooseDemo}>{words.useDemo}</Action>;
    default:
      return null;
  }
}

function Action({ run, children }: { readonly run: () => Promise<void>; readonly children: ComponentChildren }) {
  return (
    <Button kind="quiet" onClick={() => void run()}>
      {children}
    </Button>
  );
}

function forgetKept(): Promise<void> {
  forgetAccepted();
  return checkEnclave();
}

function keepLink(): Promise<void> {
  if (linked.value?.ok === true) keepAccepted(linked.value.value);
  return checkEnclave();
}

/** Warns if the page compared the enclave with another list than the site's, even if all checks passed. */
function Difference() {
  const { namedBy, differsFromSite } = naming.value;
  if (!differsFromSite || namedBy === undefined) return null;
  const words = text.value.verify;
  return (
    <Card tone="loud">
      <p>
        <strong>{words.differs[namedBy]}</strong>
      </p>
      <p>{words.differsNext}</p>
    </Card>
  );
}
