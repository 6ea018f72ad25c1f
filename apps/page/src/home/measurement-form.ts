import { byId, el, replaceContent } from '../elements';
import { grouped } from '../format';
import {
  type Accepted,
  forgetMeasurements,
  keepMeasurements,
  keptMeasurements,
  measurementsInAddress,
  readMeasurements,
  textOf,
} from '../measurements';
import type { ServerWords } from './server-words';
import type { Trust } from './trust';

/** The image and the operator that the person trusts: out of the page's address, out of what this browser keeps, or typed. `changed`: look again. */
export function setUpMeasurements(trust: Trust, words: Promise<ServerWords | undefined>, changed: () => void): void {
  const images = byId('pcr0-input') as HTMLTextAreaElement;
  const operator = byId('operator-input') as HTMLTextAreaElement;
  const any = byId('operator-any') as HTMLInputElement;
  const show = ({ pcr0s = undefined, operator: of = undefined }: Partial<Accepted>) => {
    images.value = pcr0s?.join('\n') ?? '';
    any.checked = of === 'any';
    operator.value = of === 'any' ? '' : (of?.join('\n') ?? '');
    operator.disabled = any.checked;
  };
  const take = (accepted: Accepted | undefined, source: string) => {
    trust.accepted = accepted;
    byId('pcr0-source').textContent = source;
    show(accepted ?? {});
    showCommand(accepted);
  };
  const fromPlaces = () => {
    const kept = keptMeasurements();
    const given = measurementsInAddress(location.hash, location.search);
    if (given?.ok === true && kept !== undefined && textOf(kept) !== textOf(given.accepted)) {
      take(
        given.accepted,
        'From this page’s address. It is NOT what this browser keeps: the link names another image or operator.',
      );
    } else if (given?.ok === true) {
      take(
        given.accepted,
        kept === undefined
          ? 'From this page’s address. Trust it as far as you trust the person who gave you the link.'
          : 'From this page’s address, and what this browser keeps.',
      );
    } else if (given !== undefined) {
      take(undefined, `The link to this page cannot be used. ${given.problem}`);
    } else {
      take(kept, kept === undefined ? 'None yet.' : 'Kept in this browser since you typed it.');
    }
  };
  const showProblem = (field: 'pcr0' | 'operator', problem: string | undefined) => {
    const input = field === 'pcr0' ? images : operator;
    const error = byId(`${field}-error`);
    error.hidden = problem === undefined;
    error.textContent = problem ?? '';
    if (problem === undefined) {
      input.removeAttribute('aria-invalid');
      return;
    }
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  };
  fromPlaces();
  globalThis.addEventListener('hashchange', () => {
    if (measurementsInAddress(location.hash, '') === undefined) return;
    fromPlaces();
    changed();
  });
  any.addEventListener('change', () => {
    operator.disabled = any.checked;
  });
  byId('pcr0-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const read = readMeasurements(images.value, operator.value, any.checked);
    showProblem('operator', read.ok || read.field === 'pcr0' ? undefined : read.problem);
    showProblem('pcr0', read.ok || read.field === 'operator' ? undefined : read.problem);
    if (!read.ok) return;
    const { accepted } = read;
    if (accepted.operator === undefined) {
      showProblem('operator', 'Name the operator by its PCR3. Or tick the box to accept any operator.');
      return;
    }
    take(
      accepted,
      keepMeasurements(accepted)
        ? 'Kept in this browser.'
        : 'This browser keeps nothing: it is forgotten with this page.',
    );
    changed();
  });
  byId('pcr0-forget').addEventListener('click', () => {
    forgetMeasurements();
    take(undefined, 'Forgotten.');
    changed();
  });
  void words.then((said) => {
    const accepted = said?.accepted ?? [];
    replaceContent(
      byId('server-pcr0s'),
      ...(accepted.length === 0
        ? [el('li', {}, 'It names none.')]
        : accepted.map(({ pcr0, pcr3 }) =>
            el(
              'li',
              {},
              'Image ',
              el('code', {}, grouped(pcr0)),
              ' of ',
              pcr3 === null ? 'any operator' : el('span', {}, 'operator ', el('code', {}, grouped(pcr3))),
            ),
          )),
    );
  });
}

/** What to run on one's own machine. */
function showCommand(accepted: Accepted | undefined): void {
  const { pcr0s, operator } = accepted ?? {};
  const whose = operator === 'any' ? '--any-operator' : `--pcr3 ${operator?.join(',') ?? '<PCR3>'}`;
  byId('own-command').textContent =
    `node communique-tee.mjs verify --gateway ${location.origin} --pcr0 ${pcr0s?.join(',') ?? '<PCR0>'} ${whose}`;
}
