import { byId, el, replaceContent } from '../elements';
import type { ShownProblem } from './field-problems';
import { type Field, type Group, GROUPS, STATES, TOPICS } from './fields';

export const fieldId = (name: string): string => `field-${name.replaceAll('/', '-')}`;
const errorId = (name: string): string => `${fieldId(name)}-error`;
const hintId = (name: string): string => `${fieldId(name)}-hint`;

/** The fields, empty, into the form. */
export function drawFields(into: HTMLElement): void {
  replaceContent(into, ...GROUPS.map(drawGroup));
}

function drawGroup({ title, optional, fields }: Group): HTMLElement {
  const content = el('div', { class: 'fields' }, ...fields.map(drawField));
  return optional === true
    ? el('details', { class: 'group' }, el('summary', {}, title), content)
    : el('fieldset', { class: 'group' }, el('legend', {}, title), content);
}

function drawField(field: Field): HTMLElement {
  const { name, label, hint, required, width } = field;
  const error = el('p', { class: 'field-error', id: errorId(name), hidden: true });
  const hintLine = hint !== undefined && el('p', { class: 'hint', id: hintId(name) }, hint);
  const labelText = [label, required !== true && el('span', { class: 'optional' }, ' optional')] as const;
  const className = `field${width === undefined ? '' : ` ${width}`}`;
  if (field.kind === 'topics' || field.kind === 'choice') {
    const boxes = field.kind === 'topics' ? TOPICS.map((topic) => [topic, topic] as const) : (field.options ?? []);
    const type = field.kind === 'topics' ? 'checkbox' : 'radio';
    return el(
      'fieldset',
      { class: className, id: fieldId(name), tabindex: -1, 'aria-describedby': describedBy(field) },
      el('legend', {}, ...labelText),
      hintLine,
      el(
        'div',
        { class: field.kind },
        ...boxes.map(([value, text]) =>
          el(
            'label',
            { class: 'box' },
            el('input', { type, name, value, checked: type === 'radio' && value === '' }),
            el('span', {}, text),
          ),
        ),
      ),
      error,
    );
  }
  return el(
    'div',
    { class: className },
    el('label', { for: fieldId(name) }, ...labelText),
    hintLine,
    drawControl(field),
    error,
  );
}

function drawControl(field: Field): HTMLElement {
  const { name, kind, required, autocomplete } = field;
  const common = {
    id: fieldId(name),
    name,
    'aria-required': required === true ? 'true' : undefined,
    'aria-describedby': describedBy(field),
    autocomplete: autocomplete ?? 'off',
  };
  if (kind === 'body') return el('textarea', { ...common, rows: 9, spellcheck: 'true' });
  if (kind === 'bills') return el('textarea', { ...common, rows: 2, spellcheck: 'false' });
  if (kind === 'state')
    return el(
      'select',
      common,
      el('option', { value: '' }, 'Choose'),
      ...STATES.map((state) => el('option', { value: state }, state)),
    );
  return el('input', { ...common, type: kind === 'text' ? 'text' : kind });
}

function describedBy({ name, hint }: Field): string {
  return hint === undefined ? errorId(name) : `${hintId(name)} ${errorId(name)}`;
}

/** Marks the fields, and lists what is wrong before the form, where the focus goes. */
export function showProblems(summary: HTMLElement, problems: readonly ShownProblem[], rest: readonly string[]): void {
  clearProblems(summary);
  for (const { field, text } of problems) {
    const control = byId(fieldId(field.name));
    if (control.tagName !== 'FIELDSET') control.setAttribute('aria-invalid', 'true');
    control.closest('details')?.setAttribute('open', '');
    const error = byId(errorId(field.name));
    error.textContent = text;
    error.hidden = false;
  }
  const count = problems.length + rest.length;
  replaceContent(
    summary,
    el('h3', {}, count === 1 ? 'One thing to mend' : `${String(count)} things to mend`),
    el('p', {}, 'Nothing was sealed and nothing was sent.'),
    el(
      'ul',
      {},
      ...problems.map(({ field, text }) => el('li', {}, el('a', { href: `#${fieldId(field.name)}` }, text))),
      ...rest.map((text) => el('li', {}, text)),
    ),
  );
  for (const link of summary.querySelectorAll('a')) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      const target = byId(link.hash.slice(1));
      target.focus();
      target.scrollIntoView({ block: 'center' });
    });
  }
  summary.hidden = false;
  summary.focus();
}

export function clearProblems(summary: HTMLElement): void {
  summary.hidden = true;
  for (const marked of document.querySelectorAll('[aria-invalid]')) marked.removeAttribute('aria-invalid');
  for (const error of document.querySelectorAll<HTMLElement>('.field-error')) error.hidden = true;
}
