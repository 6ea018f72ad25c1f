// index.js of the package, served beside this page; a bundler takes '@communique-tee/client'.
import { ClientError, STATES, TOPICS, connect } from './communique-tee-client.js';

const { gateway, pcr0, pcr3, unsafeDevelopmentRoot } = document.documentElement.dataset;
const form = document.querySelector('#message');
const enclave = document.querySelector('#enclave');

for (const [name, values] of [
  ['state', STATES],
  ['topic', TOPICS],
])
  form.elements[name].append(...values.map((value) => new Option(value)));

const policy = {
  acceptedMeasurements: [{ pcr0, pcr3 }],
  ...(unsafeDevelopmentRoot && { unsafeDevelopmentRootPem: unsafeDevelopmentRoot }),
};
const connecting = connect(gateway, policy, { token: () => form.elements.token.value });
try {
  const { attestation, custody } = await (await connecting).key();
  enclave.textContent = `Verified: ${attestation.moduleId}, keys: ${custody}`;
} catch (error) {
  enclave.textContent = `Not trusted: ${wordsOf(error)}`;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { offices, topic, subject, body, token: _token, ...constituent } = Object.fromEntries(new FormData(form));
  document.querySelector('#states').replaceChildren();
  document.querySelector('#outcome').replaceChildren();
  try {
    const client = await connecting;
    const sending = client.send({
      offices: offices.split(',').map((office) => office.trim()),
      constituent,
      message: { subject, body, topics: [topic] },
      campaignId: 'example-page',
    });
    for await (const state of sending) show('#states', textOf(state));
    const { report, status } = await sending.result;
    if (report === null) show('#outcome', `${status}, by the word of the gateway alone`);
    for (const { office, outcome } of report?.offices ?? []) show('#outcome', `${office}: ${outcome}`);
  } catch (error) {
    show('#outcome', wordsOf(error));
  }
});

function textOf(state) {
  if (state.step === 'sealed') return `sealed: ${state.sealed.length} bytes leave this page`;
  if (state.step === 'status') return `${state.view.status}${state.report === null ? '' : ', receipt verified'}`;
  return state.step;
}

function wordsOf(error) {
  if (!(error instanceof ClientError)) throw error;
  return [error.code, error.reason ?? error.problem, ...error.problems.map(({ message }) => message)]
    .filter(Boolean)
    .join(' ');
}

function show(list, text) {
  const item = document.createElement('li');
  item.textContent = text;
  document.querySelector(list).append(item);
}
