import { fill, text } from '../text/text';
import { TextArea, TextField, type FieldProps, type Option } from '../ui/field';
import { RadioGroup } from '../ui/radio-group';
import { errorOf } from './attempt';
import { BILL_TYPES, FIELDS, idOf, keyOf, type FieldName } from './fields';
import { values } from './form';
import { labelOf } from './problem-text';

export interface FormFieldProps {
  readonly name: FieldName;
  readonly width?: FieldProps['width'];
}

/** The properties that every control of a field has: label, hint, error, value, and the handler of input. */
export function fieldProps({ name, width }: FormFieldProps) {
  const { required = false, autocomplete } = FIELDS[name];
  return {
    id: idOf(name),
    name,
    label: labelOf(name),
    hint: hintOf(name),
    error: errorOf(name),
    required,
    width,
    autocomplete,
    value: values[name].value,
    onInput: (value: string) => {
      values[name].value = value;
    },
  };
}

export function FormText(props: FormFieldProps) {
  const { kind } = FIELDS[props.name];
  return (
    <TextField
      {...fieldProps(props)}
      type={kind === 'email' || kind === 'tel' || kind === 'url' ? kind : 'text'}
      spellcheck={props.name === 'message/subject'}
    />
  );
}

/** The text of the message, with a counter of the characters left. */
export function FormBody({ name }: FormFieldProps) {
  const { max = 0 } = FIELDS[name];
  return <TextArea {...fieldProps({ name })} rows={10} counter={{ used: values[name].value.trim().length, max }} />;
}

export function FormLines({ name }: FormFieldProps) {
  return <TextArea {...fieldProps({ name })} rows={2} code />;
}

export function FormChoice({ options, ...props }: FormFieldProps & { readonly options: readonly Option[] }) {
  return <RadioGroup {...fieldProps(props)} options={options} />;
}

export function FormYesNo({ name }: FormFieldProps) {
  const { write } = text.value;
  return (
    <FormChoice
      name={name}
      options={[
        { value: '', label: write.notSaid },
        { value: 'yes', label: write.yes },
        { value: 'no', label: write.no },
      ]}
    />
  );
}

function hintOf(name: FieldName): string | undefined {
  const { hints } = text.value.write;
  const key = keyOf(name);
  const hint = Object.hasOwn(hints, key) ? hints[key as keyof typeof hints] : undefined;
  return hint === undefined ? undefined : fill(hint, { types: BILL_TYPES.join(', ') });
}
