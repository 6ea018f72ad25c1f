import { toHex } from '@communique-tee/protocol';
import { grouped } from '../format';
import { text } from '../text/text';
import { evidence, naming } from '../trust/trust';
import { CopyButton } from '../ui/copy-button';
import { Details } from '../ui/details';
import { Time } from '../ui/time';
import { ChainView } from './chain-view';
import { ChecksView } from './checks-view';
import { CompareSection } from './compare';
import { OwnCheck } from './own-check';
import { SignedView } from './signed-view';
import { VerdictView } from './verdict';

/** `/verify`: the verdict, the checks, and files to compare with. */
export function VerifyPage() {
  const words = text.value.verify;
  const found = evidence.value;
  return (
    <>
      <h1>{words.title}</h1>
      <p class="lead">{words.lead}</p>
      <VerdictView />
      {found !== undefined && (
        <>
          <Facts />
          <ChecksView evidence={found} />
          {found.content !== undefined && (
            <>
              <Details summary={words.chain.title}>
                <ChainView certificates={found.content.certificates} verdict={found.verdict} nowMs={found.atMs} />
              </Details>
              <Details summary={words.signed.title}>
                <SignedView content={found.content} />
              </Details>
            </>
          )}
        </>
      )}
      <CompareSection />
      <OwnCheck />
    </>
  );
}

/** Image and operator as the document attests them, side by side. */
function Facts() {
  const words = text.value.verify;
  const found = evidence.value;
  if (found?.content === undefined) return null;
  const { pcrs, timestampMs } = found.content;
  const image = toHex(pcrs.get(0) ?? new Uint8Array());
  const pcr3 = pcrs.get(3);
  const operator = pcr3?.some((byte) => byte !== 0) === true ? toHex(pcr3) : undefined;
  return (
    <>
      {found.verdict.kind === 'refused' && <p class="warning">{words.facts.claims}</p>}
      <dl class="facts attested">
        <div>
          <dt>{words.facts.image}</dt>
          <dd>
            <code data-register="0">{grouped(image)}</code> <CopyButton value={image} what={words.facts.image} />
          </dd>
        </div>
        <div>
          <dt>{words.facts.operator}</dt>
          <dd>
            {operator === undefined ? (
              words.facts.noOperator
            ) : (
              <>
                <code data-register="3">{grouped(operator)}</code>{' '}
                <CopyButton value={operator} what={words.facts.operator} />
              </>
            )}
          </dd>
        </div>
        <div>
          <dt>{words.facts.namedBy}</dt>
          <dd>{words.namedBy[naming.value.namedBy ?? 'none']}</dd>
        </div>
        <div>
          <dt>{words.facts.made}</dt>
          <dd>
            <Time ms={timestampMs} when />
          </dd>
        </div>
      </dl>
    </>
  );
}
