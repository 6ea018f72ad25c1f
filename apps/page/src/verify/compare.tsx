import { signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import { grouped, quantity } from '../format';
import { fill, text } from '../text/text';
import { areSame, forgetAccepted, keepAccepted, type Accepted } from '../trust/accepted';
import { checkEnclave, dropLink, given, kept, linked, naming } from '../trust/trust';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { CopyButton } from '../ui/copy-button';
import { Details } from '../ui/details';
import { TextArea } from '../ui/field';
import { MAX_FILE_BYTES } from './read-file';
import { ReceiptView } from './receipt-view';
import { outcome, takeFiles, takeText } from './take-file';

/** Whether the browser could not keep the accepted values. */
const notKept = signal(false);

/** Lets the person compare the enclave with values from a file or from the keyboard, keep or forget these values, and check a receipt. */
export function CompareSection() {
  const words = text.value.verify.compare;
  return (
    <section aria-labelledby="compare-title">
      <h2 id="compare-title">{words.title}</h2>
      <p class="hint">{words.hint}</p>
      <FileDrop />
      <div role="status">
        <OutcomeView />
      </div>
      <TypeValues />
      <ComparedNow />
    </section>
  );
}

function FileDrop() {
  const words = text.value.verify.compare;
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  return (
    <div
      class="drop"
      data-over={over ? '' : undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void takeFiles(event.dataTransfer?.files);
      }}
    >
      <input
        ref={input}
        type="file"
        id="compare-file"
        class="unseen"
        tabindex={-1}
        aria-hidden="true"
        accept=".json,application/json,text/plain"
        onChange={({ currentTarget }) => {
          void takeFiles(currentTarget.files).then(() => {
            // Lets the person choose the same file again
            currentTarget.value = '';
          });
        }}
      />
      <Button kind="quiet" onClick={() => input.current?.click()}>
        {words.choose}
      </Button>
      <span class="hint">{words.drop}</span>
    </div>
  );
}

function OutcomeView() {
  const words = text.value.verify;
  const last = outcome.value;
  switch (last?.kind) {
    case undefined:
      return null;
    case 'receipt':
      return <ReceiptView verdict={last.verdict} />;
    case 'compared':
      return (
        <Card tone="plain">
          <p>{words.compare.done}</p>
        </Card>
      );
    case 'refused':
      return (
        <Card tone="bad">
          <p>
            {last.why === 'unnamed'
              ? words.receipt.unnamed
              : fill(words.compare[last.why], { size: quantity(MAX_FILE_BYTES / 1024, 'kilobyte') })}
          </p>
        </Card>
      );
    case 'problem':
      return (
        <Card tone="bad">
          <p>{text.value.trust.problems[last.problem.code]}</p>
          {last.problem.detail !== undefined && (
            <p class="note">
              {text.value.common.details}: {last.problem.detail}
            </p>
          )}
        </Card>
      );
  }
}

function TypeValues() {
  const words = text.value.verify.compare;
  const [image, setImage] = useState('');
  const [operator, setOperator] = useState('');
  return (
    <Details summary={words.type}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void takeText(image, operator);
        }}
      >
        <TextArea
          id="compare-image"
          label={words.image}
          hint={words.imageHint}
          value={image}
          onInput={setImage}
          rows={3}
          code
          required
        />
        <TextArea
          id="compare-operator"
          label={words.operator}
          hint={words.operatorHint}
          value={operator}
          onInput={setOperator}
          rows={2}
          code
        />
        <div class="buttons">
          <Button type="submit">{words.use}</Button>
        </div>
      </form>
    </Details>
  );
}

/** Shows with which images and operators the page compares now, who named them, and what the person can change. */
function ComparedNow() {
  const words = text.value.verify;
  const { accepted, namedBy } = naming.value;
  const isKept = Array.isArray(kept.value) && accepted !== undefined && areSame(kept.value as Accepted, accepted);
  return (
    <>
      <h3>{words.compare.now}</h3>
      <p>{words.namedBy[namedBy ?? 'none']}</p>
      {accepted !== undefined && <AcceptedList accepted={accepted} />}
      {namedBy === 'file' && !isKept && <p class="hint">{words.compare.fileOnly}</p>}
      <p role="status" class="hint">
        {isKept
          ? words.compare.keptNow
          : notKept.value
            ? words.compare.notKept
            : accepted !== undefined && words.compare.keepHint}
      </p>
      <div class="buttons">
        {accepted !== undefined && !isKept && (
          <Button
            kind="quiet"
            onClick={() => {
              notKept.value = !keepAccepted(accepted);
              void checkEnclave(true);
            }}
          >
            {words.compare.keep}
          </Button>
        )}
        {kept.value !== undefined && (
          <Button
            kind="quiet"
            onClick={() => {
              forgetAccepted();
              void checkEnclave(true);
            }}
          >
            {words.compare.forget}
          </Button>
        )}
        {namedBy === 'file' && (
          <Button
            kind="quiet"
            onClick={() => {
              given.value = undefined;
              outcome.value = undefined;
              void checkEnclave();
            }}
          >
            {words.compare.stopFile}
          </Button>
        )}
        {linked.value !== undefined && (
          <Button kind="quiet" onClick={() => void dropLink()}>
            {words.ignoreLink}
          </Button>
        )}
      </div>
    </>
  );
}

function AcceptedList({ accepted }: { readonly accepted: Accepted }) {
  const words = text.value.verify;
  return (
    <ul class="accepted">
      {accepted.map((set) => (
        <li key={JSON.stringify(set)}>
          <dl class="facts small">
            <div>
              <dt>{words.facts.image}</dt>
              <dd>
                <code>{grouped(set.pcr0)}</code> <CopyButton value={set.pcr0} what={words.facts.image} />
              </dd>
            </div>
            <div>
              <dt>{words.facts.operator}</dt>
              <dd>
                {set.pcr3 === undefined ? (
                  words.compare.anyOperator
                ) : (
                  <>
                    <code>{grouped(set.pcr3)}</code> <CopyButton value={set.pcr3} what={words.facts.operator} />
                  </>
                )}
              </dd>
            </div>
          </dl>
        </li>
      ))}
    </ul>
  );
}
