import type { ComponentChildren } from 'preact';
import { fill, text } from '../text/text';

export interface FieldProps {
  /** The id of the control. Hint, error and counter derive their ids from it. */
  readonly id: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** What is wrong; shown and announced with the control. */
  readonly error?: string | undefined;
  readonly required?: boolean;
  /** 6, 5, 4 or 3 of twelve columns; all twelve if absent. */
  readonly width?: 'half' | 'wide' | 'third' | 'short' | undefined;
  readonly counter?: { readonly used: number; readonly max: number } | undefined;
}

/** The attributes that tie a control to its label, hint, error and counter. */
export interface ControlAttributes {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': 'true' | undefined;
  readonly 'aria-required': 'true' | undefined;
}

/** A labeled control. `children` draws the control with the given attributes. */
export function Field({
  children,
  ...props
}: FieldProps & { readonly children: (control: ControlAttributes) => ComponentChildren }) {
  const { id, label, width, required = false } = props;
  return (
    <div class={`field ${width ?? ''}`}>
      <label for={id}>
        {label}
        <Optional shown={!required} />
      </label>
      <Hint {...props} />
      {children(controlAttributes(props))}
      <Counter {...props} />
      <FieldError {...props} />
    </div>
  );
}

/** Several controls with one question, such as radio buttons or check boxes. The error summary leads to the first control. */
export function FieldSet({
  children,
  ...props
}: FieldProps & { readonly children: (control: ControlAttributes) => ComponentChildren }) {
  const { label, width, required = false } = props;
  const control = controlAttributes(props);
  return (
    <fieldset class={`field ${width ?? ''}`} aria-describedby={control['aria-describedby']}>
      <legend>
        {label}
        <Optional shown={!required} />
      </legend>
      <Hint {...props} />
      {children(control)}
      <FieldError {...props} />
    </fieldset>
  );
}

export interface ControlProps extends FieldProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly name?: string;
  readonly autocomplete?: string | undefined;
}

export function TextField({
  type = 'text',
  inputMode,
  spellcheck = true,
  ...props
}: ControlProps & {
  readonly type?: 'text' | 'email' | 'tel' | 'url' | 'password';
  readonly inputMode?: 'numeric' | undefined;
  readonly spellcheck?: boolean;
}) {
  const { value, onInput, name, autocomplete = 'off' } = props;
  return (
    <Field {...props}>
      {(control) => (
        <input
          {...control}
          // Preact types each kind of input separately; every `type` of this component fits the shape of `text`
          type={type as 'text'}
          name={name}
          value={value}
          autocomplete={autocomplete}
          inputmode={inputMode}
          spellcheck={spellcheck}
          onInput={({ currentTarget }) => {
            onInput(currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

export function TextArea({
  rows,
  code = false,
  ...props
}: ControlProps & { readonly rows: number; readonly code?: boolean }) {
  const { value, onInput, name, autocomplete = 'off' } = props;
  return (
    <Field {...props}>
      {(control) => (
        <textarea
          {...control}
          name={name}
          rows={rows}
          value={value}
          autocomplete={autocomplete}
          class={code ? 'code' : undefined}
          spellcheck={!code}
          onInput={({ currentTarget }) => {
            onInput(currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function SelectField({ options, ...props }: ControlProps & { readonly options: readonly Option[] }) {
  const { value, onInput, name, autocomplete = 'off' } = props;
  return (
    <Field {...props}>
      {(control) => (
        <select
          {...control}
          name={name}
          value={value}
          autocomplete={autocomplete}
          onInput={({ currentTarget }) => {
            onInput(currentTarget.value);
          }}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function controlAttributes({ id, hint, error, counter, required = false }: FieldProps): ControlAttributes {
  const described = [
    hint !== undefined && `${id}-hint`,
    counter !== undefined && `${id}-counter`,
    error !== undefined && `${id}-error`,
  ].filter((each) => each !== false);
  return {
    id,
    'aria-describedby': described.length === 0 ? undefined : described.join(' '),
    'aria-invalid': error === undefined ? undefined : 'true',
    'aria-required': required ? 'true' : undefined,
  };
}

function Optional({ shown }: { readonly shown: boolean }) {
  return shown ? <span class="optional"> {text.value.common.optional}</span> : null;
}

function Hint({ id, hint }: FieldProps) {
  return hint === undefined ? null : (
    <p class="hint" id={`${id}-hint`}>
      {hint}
    </p>
  );
}

function FieldError({ id, error }: FieldProps) {
  return error === undefined ? null : (
    <p class="field-error" id={`${id}-error`}>
      {error}
    </p>
  );
}

/** Screen readers announce the counter when the number of characters left falls to one of these. */
const ANNOUNCED = [500, 100, 20, 0];

function Counter({ id, counter }: FieldProps) {
  if (counter === undefined) return null;
  const { common } = text.value;
  const left = counter.max - counter.used;
  const announced = ANNOUNCED.findLast((each) => left <= each);
  return (
    <>
      <p class="counter" id={`${id}-counter`} data-over={left < 0 ? '' : undefined}>
        {fill(left < 0 ? common.tooMany : common.left, { count: Math.abs(left) })}
      </p>
      <span class="unseen" role="status">
        {left < 0 ? common.overLimit : announced !== undefined && fill(common.fewerLeft, { count: announced })}
      </span>
    </>
  );
}
