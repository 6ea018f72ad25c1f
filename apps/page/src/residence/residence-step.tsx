import { useEffect, useMemo, useState } from 'preact/hooks';
import { type Chamber, chamberOf, isState } from '@communique-tee/protocol';
import { parseDistrict } from '@communique-tee/residence';
import { started } from '../templates/published';
import { chamberName } from '../text/chamber-name';
import { fill, locale, text } from '../text/text';
import { Button } from '../ui/button';
import { CopyButton } from '../ui/copy-button';
import { Details } from '../ui/details';
import { Field, TextArea } from '../ui/field';
import { QuestionDialog } from '../ui/question-dialog';
import { officeName } from '../write/seat-name';
import { goTo } from '../write/steps';
import type { Identity } from './create-identity';
import { forgetHere, hasSentBefore, identity, obstacle, registered } from './proof';
import { MAX_SECRET_FILE_BYTES, SECRET_FILE_NAME, secretFileText, type SecretRecord } from './secret-file';

const SAVING_MS = 60_000;

/** Shows the person's code for the registrar, their registration, and the offices of its district. */
export function ResidenceStep({ registrar }: { readonly registrar: string }) {
  const words = text.value.residence;
  const state = identity.identity.value;
  const problem = identity.problem.value;
  return (
    <>
      <p role="alert" class={problem === undefined ? undefined : 'warning'}>
        {problem !== undefined && words.problems[problem]}
      </p>
      {state.kind === 'none' && <None storage={state.storage} />}
      {state.kind === 'unsafe' && <Unsafe record={state.record} />}
      {state.kind === 'safe' && <Safe state={state} registrar={registrar} />}
    </>
  );
}

/** Offers to open a saved secret first, because a new one does not help a person who registered with another. */
function None({ storage }: { readonly storage: 'empty' | 'unavailable' }) {
  const words = text.value.residence;
  return (
    <>
      <p>{storage === 'empty' ? words.nothingHere : words.keepsNothing}</p>
      <Field id="residence-file" label={words.bring} hint={words.bringHint} required>
        {(control) => (
          <input
            {...control}
            type="file"
            accept="application/json,.json"
            onChange={({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file !== undefined) void take(file);
            }}
          />
        )}
      </Field>
      <p>{words.makeHint}</p>
      <Button
        kind="quiet"
        onClick={() => {
          identity.make();
        }}
      >
        {words.make}
      </Button>
    </>
  );
}

async function take(file: File): Promise<void> {
  // A larger file is no secret, and is not read
  const content = file.size > MAX_SECRET_FILE_BYTES ? '' : await file.text().catch(() => '');
  identity.bring(content);
}

function Unsafe({ record }: { readonly record: SecretRecord }) {
  const words = text.value.residence;
  return (
    <>
      <p>{words.makeSafe}</p>
      <div class="buttons">
        <KeepButton />
        <SaveLink record={record} />
      </div>
      <p class="hint">{words.safeHint}</p>
    </>
  );
}

function KeepButton() {
  return (
    <Button
      kind="quiet"
      onClick={() => {
        void identity.keep();
      }}
    >
      {text.value.residence.keep}
    </Button>
  );
}

/** The file is made here and sent nowhere. It is a link, so that the browser offers its own ways to save. */
function SaveLink({ record }: { readonly record: SecretRecord }) {
  const address = useMemo(
    () => URL.createObjectURL(new Blob([secretFileText(record)], { type: 'application/json' })),
    [record],
  );
  useEffect(
    () => () => {
      // The click that saves the file also removes this link, and the browser reads the file after that
      setTimeout(() => {
        URL.revokeObjectURL(address);
      }, SAVING_MS);
    },
    [address],
  );
  return (
    <a
      class="button quiet"
      href={address}
      download={SECRET_FILE_NAME}
      onClick={() => {
        identity.saved();
      }}
    >
      {text.value.residence.save}
    </a>
  );
}

function Safe({
  state,
  registrar,
}: {
  readonly state: Extract<Identity, { kind: 'safe' }>;
  readonly registrar: string;
}) {
  const words = text.value.residence;
  const isRegistered = state.record.registration !== null;
  const code = (
    <>
      <p>{words.codeHint}</p>
      <p>
        <code class="dump">{state.code}</code>
      </p>
      <div class="buttons">
        <CopyButton value={state.code} what={words.code} />
      </div>
    </>
  );
  return (
    <>
      {isRegistered ? <Registered /> : code}
      {isRegistered ? (
        <Details summary={words.renew}>
          {code}
          <Paste registrar={registrar} />
        </Details>
      ) : (
        <Paste registrar={registrar} />
      )}
      <p class="hint">{state.on === 'device' ? words.onDevice : words.onFile}</p>
      <div class="buttons">
        {state.on === 'file' && <KeepButton />}
        <SaveLink record={state.record} />
        <ForgetButton />
      </div>
    </>
  );
}

/** Asks for confirmation: a secret without a saved file cannot be recovered. */
function ForgetButton() {
  const { forget, forgetting } = text.value.residence;
  const [asks, setAsks] = useState(false);
  return (
    <>
      <Button
        kind="quiet"
        onClick={() => {
          setAsks(true);
        }}
      >
        {forget}
      </Button>
      {asks && (
        <QuestionDialog
          title={forgetting.title}
          no={forgetting.no}
          yes={forgetting.yes}
          onAnswer={(yes) => {
            setAsks(false);
            if (yes) void forgetHere();
          }}
        >
          <p>{forgetting.lost}</p>
        </QuestionDialog>
      )}
    </>
  );
}

function Paste({ registrar }: { readonly registrar: string }) {
  const words = text.value.residence;
  const [pasted, setPasted] = useState('');
  return (
    <>
      <TextArea
        id="residence-registration"
        label={words.registration}
        hint={words.registrationHint}
        rows={4}
        code
        required
        value={pasted}
        onInput={setPasted}
      />
      <div class="buttons">
        <Button
          kind="quiet"
          onClick={() => {
            void identity.register(pasted, registrar).then(() => {
              if (identity.problem.peek() === undefined) setPasted('');
            });
          }}
        >
          {words.useRegistration}
        </Button>
      </div>
    </>
  );
}

/** Shows the offices of the registered district before anything is proven. */
function Registered() {
  const { residence: words, places } = text.value;
  const here = registered.value;
  if (here === undefined) return null;
  const { offices, registration } = here;
  if (offices.kind === 'ended') return <p class="warning">{words.ended}</p>;
  const { state } = parseDistrict(registration.district);
  const missing = (started.value?.officeScope ?? []).filter(
    (chamber) => !offices.codes.some((code) => chamberOf(code) === chamber),
  );
  return (
    <>
      <p>{words.registered}</p>
      <ul class="plain">
        {offices.codes.map((code) => (
          <li key={code}>{officeName(code)}</li>
        ))}
      </ul>
      {!offices.hasSenators && isState(state) && <p>{fill(words.noSenators, { state: places[state] })}</p>}
      {isState(state) && missing.length > 0 && (
        <p>{fill(words.noOffice, { state: places[state], chambers: namesOf(missing) })}</p>
      )}
      {obstacle.value === 'otherOffices' && (
        <p class="warning">
          {words.otherOffices}{' '}
          <Button
            kind="text"
            onClick={() => {
              goTo('address', 'field-offices');
            }}
          >
            {words.changeOffices}
          </Button>
        </p>
      )}
      {hasSentBefore.value && (
        <p class="warning" role="status">
          {words.sentBefore}
        </p>
      )}
      <p class="hint">{words.ready}</p>
    </>
  );
}

function namesOf(chambers: readonly Chamber[]): string {
  return new Intl.ListFormat(locale.value, { type: 'conjunction' }).format(chambers.map(chamberName));
}
