import { FieldSet, type FieldProps, type Option } from './field';

export interface RadioGroupProps extends FieldProps {
  readonly options: readonly Option[];
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Puts each option on its own line. */
  readonly column?: boolean;
}

export function RadioGroup({ options, value, onInput, column = false, ...props }: RadioGroupProps) {
  return (
    <FieldSet {...props}>
      {({ id }) => (
        <div class={`options ${column ? 'column' : ''}`}>
          {options.map((option, at) => (
            <label class="option" key={option.value}>
              <input
                type="radio"
                name={id}
                id={at === 0 ? id : undefined}
                checked={option.value === value}
                onInput={() => {
                  onInput(option.value);
                }}
              />
              <span>{option.label}</span>
            </label>
          ))}
        </div>
      )}
    </FieldSet>
  );
}

export function CheckBox({
  id,
  label,
  checked,
  onInput,
}: {
  readonly id?: string | undefined;
  readonly label: string;
  readonly checked: boolean;
  readonly onInput: (checked: boolean) => void;
}) {
  return (
    <label class="option">
      <input
        type="checkbox"
        id={id}
        checked={checked}
        onInput={({ currentTarget }) => {
          onInput(currentTarget.checked);
        }}
      />
      <span>{label}</span>
    </label>
  );
}
