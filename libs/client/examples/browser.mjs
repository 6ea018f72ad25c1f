// communique-tee-client.js is the package's index.js, served beside the page. With a bundler, import '@communique-tee/client' instead.
import { ClientError, STATES, TOPICS, connect, whetherSent } from './communique-tee-client.js';
import { SENT, adviceFor } from './failures.mjs';

const { gateway, pcr0, pcr3, unsafeDevelopmentRoot } = document.documentElement.dataset;
const form = document.querySelector('#message');
const enclave = document.querySelector('#enclave');
const resume = document.querySelector('#resume');
/** The kept message is secret, because it opens the answer. It is stored for this tab only, until the message has ended. */
const KEPT = 'kept-message';

for (const [name, values] of [
  ['state', STATES],
  ['topic', TOPICS],
])
  form.elements[name].append(...values.map((value) => new Option(value)));

const policy = {
  acceptedMeasurements: [{ pcr0, pcr3 }],
  ...(unsafeDevelopmentRoot && { unsafeDevelopmentRootPem: unsafeDevelopmentRoot }),
};
const connecting = connect(gateway, policy, {
  token: () => form.elements.token.value,
  onState: (state) => {
    if (state.step === 'waiting') enclave.textContent = `Checking the enclave… ${textOf(state)}`;
  },
});
try {
  const { attestation, custody } = await (await connecting).key();
  enclave.textContent = `Verified: ${attestation.moduleId}, keys: ${custody}`;
  resume.hidden = sessionStorage.getItem(KEPT) === null;
} catch (error) {
  enclave.textContent = `${error.code === 'unreachable' ? 'Not reached' : 'Not trusted'}: ${wordsOf(error)}`;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { offices, topic, subject, body, token: _token, ...constituent } = Object.fromEntries(new FormData(form));
  follow((client) =>
    client.send(
      {
        offices: offices.split(',').map((office) => office.trim()),
        constituent,
        message: { subject, body, topics: [topic] },
        campaignId: 'example-page',
      },
      {
        onState: (state) => {
          if (state.kept !== undefined) sessionStorage.setItem(KEPT, JSON.stringify(state.kept));
        },
        confirmPossibleDuplicate: () => confirm('An office may get this message twice. Send it?'),
      },
    ),
  );
});

resume.addEventListener('click', () => {
  if (form.elements.token.reportValidity()) follow((client) => client.resume(JSON.parse(sessionStorage.getItem(KEPT))));
});

/** Shows each state of a message and its outcome. */
async function follow(start) {
  document.querySelector('#states').replaceChildren();
  document.querySelector('#outcome').replaceChildren();
  try {
    const sending = start(await connecting);
    for await (const state of sending) show('#states', textOf(state));
    const { report, status } = await sending.result;
    sessionStorage.removeItem(KEPT);
    if (report === null) show('#outcome', `${status}; the gateway reports it, and no enclave has signed it`);
    for (const { office, outcome } of report?.offices ?? []) show('#outcome', `${office}: ${outcome}`);
  } catch (error) {
    const sent = error.code === 'kept_invalid' ? undefined : whetherSent(error);
    if (sent === undefined || sent === 'not_sent') sessionStorage.removeItem(KEPT);
    show('#outcome', `${SENT[sent] ?? ''} ${wordsOf(error)}`.trim());
  }
  resume.hidden = sessionStorage.getItem(KEPT) === null;
}

function textOf(state) {
  if (state.step === 'sealed') return `sealed: ${state.sealed.length} bytes leave this page`;
  if (state.step === 'waiting') return `waiting ${Math.ceil(state.waitMs / 1000)} s to try again (${state.because})`;
  if (state.step === 'status') return `${state.view.status}${state.report === null ? '' : ', receipt verified'}`;
  return state.step;
}

/** Returns the codes, for a developer, and then what the person can do. */
function wordsOf(error) {
  if (!(error instanceof ClientError)) throw error;
  const codes = [error.code, error.reason ?? error.problem, ...error.problems.map(({ message }) => message)];
  return `${codes.filter(Boolean).join(' ')}. ${adviceFor(error, location.origin)}`;
}

function show(list, text) {
  const item = document.createElement('li');
  item.textContent = text;
  document.querySelector(list).append(item);
}
