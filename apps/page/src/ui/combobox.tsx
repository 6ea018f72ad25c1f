import { useEffect, useRef, useState } from 'preact/hooks';
import { fill, locale, text } from '../text/text';
import { afterKey, afterTyping, CLOSED, type ComboboxState, matching } from './combobox-keys';
import { Field, type FieldProps, type Option } from './field';

export interface ComboboxProps extends FieldProps {
  readonly options: readonly Option[];
  /** Values of the chosen options. */
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/**
 * For choosing several of many options: the person types, and picks from the list of matches. Each chosen option is shown below as a button
 * that removes it.
 */
export function Combobox({ options, chosen, onChange, ...props }: ComboboxProps) {
  const [state, setState] = useState<ComboboxState>(CLOSED);
  const [news, setNews] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const { common } = text.value;
  const shown = matching(options, state.typed, locale.value);
  const listId = `${props.id}-list`;
  const activeId =
    state.open && state.active !== null && state.active < shown.length
      ? `${listId}-${String(state.active)}`
      : undefined;
  useEffect(() => {
    if (activeId !== undefined) document.getElementById(activeId)?.scrollIntoView({ block: 'nearest' });
  }, [activeId]);

  const toggle = ({ value, label }: Option) => {
    const was = chosen.includes(value);
    onChange(was ? chosen.filter((each) => each !== value) : [...chosen, value]);
    setNews(fill(was ? common.removed : common.added, { name: label }));
    setState(CLOSED);
  };
  return (
    <>
      <Field {...props}>
        {(control) => (
          <div
            class="combobox"
            onFocusOut={({ currentTarget, relatedTarget }) => {
              if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setState(CLOSED);
            }}
          >
            <div class="combobox-row">
              <input
                {...control}
                ref={input}
                type="text"
                role="combobox"
                autocomplete="off"
                autocapitalize="off"
                spellcheck={false}
                aria-autocomplete="list"
                aria-expanded={state.open}
                aria-controls={listId}
                aria-activedescendant={activeId}
                placeholder={common.typeToFilter}
                value={state.typed}
                onInput={({ currentTarget }) => {
                  setState(afterTyping(currentTarget.value));
                }}
                onClick={() => {
                  setState({ ...state, open: true });
                }}
                onKeyDown={(event) => {
                  const outcome = afterKey(state, event.key, event.altKey, shown.length);
                  if (outcome.handled) event.preventDefault();
                  setState(outcome.state);
                  const picked = outcome.picked === undefined ? undefined : shown[outcome.picked];
                  if (picked !== undefined) toggle(picked);
                }}
              />
              <button
                type="button"
                tabindex={-1}
                aria-label={common.showAll}
                aria-expanded={state.open}
                aria-controls={listId}
                onClick={() => {
                  setState(state.open ? CLOSED : { open: true, typed: '', active: null });
                  input.current?.focus();
                }}
              />
            </div>
            <ul role="listbox" id={listId} aria-label={props.label} aria-multiselectable="true" hidden={!state.open}>
              {shown.map((option, at) => (
                <li
                  key={option.value}
                  id={`${listId}-${String(at)}`}
                  role="option"
                  aria-selected={chosen.includes(option.value)}
                  data-active={at === state.active ? '' : undefined}
                  onMouseDown={(event) => {
                    // Keeps the focus in the text field
                    event.preventDefault();
                  }}
                  onClick={() => {
                    toggle(option);
                  }}
                >
                  {option.label}
                </li>
              ))}
              {shown.length === 0 && (
                <li role="option" aria-disabled="true" aria-selected="false" class="no-match">
                  {common.noMatch}
                </li>
              )}
            </ul>
          </div>
        )}
      </Field>
      {chosen.length > 0 && (
        <ul class="chosen" aria-label={fill(common.chosen, { name: props.label })}>
          {options
            .filter(({ value }) => chosen.includes(value))
            .map((option) => (
              <li key={option.value}>
                <button
                  type="button"
                  class="quiet"
                  aria-label={fill(common.remove, { name: option.label })}
                  onClick={() => {
                    toggle(option);
                    input.current?.focus();
                  }}
                >
                  {option.label}
                </button>
              </li>
            ))}
        </ul>
      )}
      <span class="unseen" role="status">
        {news}
      </span>
    </>
  );
}
