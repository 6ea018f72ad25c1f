import { byId, el, replaceContent } from '../elements';
import { grouped } from '../format';
import {
  forgetMeasurements,
  keepMeasurements,
  keptMeasurements,
  measurementsInAddress,
  type Pcr0s,
  readMeasurements,
} from '../measurements';
import type { ServerWords } from './server-words';
import type { Trust } from './trust';

/** The person's own measurements: out of the page's address, out of what this browser was told to keep, or typed. `changed`: look again. */
export function setUpMeasurements(trust: Trust, words: Promise<ServerWords | undefined>, changed: () => void): void {
  const input = byId('pcr0-input') as HTMLTextAreaElement;
  const form = byId('pcr0-form') as HTMLFormElement;
  const show = () => {
    input.value = trust.pcr0s?.join('\n') ?? '';
    showCommand(trust.pcr0s);
  };
  const take = (pcr0s: Pcr0s | undefined, source: string) => {
    trust.pcr0s = pcr0s;
    byId('pcr0-source').textContent = source;
    show();
  };
  const fromPlaces = () => {
    const kept = keptMeasurements();
    const given = measurementsInAddress(location.hash, location.search);
    if (given?.ok === true && kept !== undefined && kept.join() !== given.pcr0s.join()) {
      take(
        given.pcr0s,
        'From this page’s address. It is NOT what this browser keeps: whoever gave you the link names another image.',
      );
    } else if (given?.ok === true) {
      take(
        given.pcr0s,
        kept === undefined
          ? 'From this page’s address: as good as whoever gave you the link.'
          : 'From this page’s address, and what this browser keeps.',
      );
    } else if (given !== undefined) {
      take(undefined, `The measurement in this page’s address is of no use. ${given.problem}`);
    } else {
      take(kept, kept === undefined ? 'None yet.' : 'Kept in this browser since you typed it.');
    }
  };
  fromPlaces();
  globalThis.addEventListener('hashchange', () => {
    if (measurementsInAddress(location.hash, '') === undefined) return;
    fromPlaces();
    changed();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const read = readMeasurements(input.value);
    const error = byId('pcr0-error');
    error.hidden = read.ok;
    error.textContent = read.ok ? '' : read.problem;
    if (read.ok) {
      input.removeAttribute('aria-invalid');
      take(
        read.pcr0s,
        keepMeasurements(read.pcr0s)
          ? 'Kept in this browser.'
          : 'This browser keeps nothing: it is forgotten with this page.',
      );
      changed();
    } else {
      input.setAttribute('aria-invalid', 'true');
      input.focus();
    }
  });
  byId('pcr0-forget').addEventListener('click', () => {
    forgetMeasurements();
    take(undefined, 'Forgotten.');
    changed();
  });
  void words.then((said) => {
    const accepted = said?.acceptedPcr0s ?? [];
    replaceContent(
      byId('server-pcr0s'),
      ...(accepted.length === 0
        ? [el('li', {}, 'It names none.')]
        : accepted.map((pcr0) => el('li', {}, el('code', {}, grouped(pcr0))))),
    );
  });
}

/** What to run on one's own machine. */
function showCommand(pcr0s: Pcr0s | undefined): void {
  byId('own-command').textContent =
    `npx communique-tee verify --gateway ${location.origin} --pcr0 ${pcr0s?.join(',') ?? '<PCR0>'}`;
}
