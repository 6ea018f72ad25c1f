import { readSiteFacts } from './site-facts';

const OWN_HOSTNAME = 'communique.example.org';

it.each([
  ['https://releases.example.org/communique-tee/', true],
  ['https://communique.example.org:8443/', false],
  ['https://communique.example.org/communique-tee.mjs', false],
  ['https://COMMUNIQUE.example.org:443/', false],
  ['http://releases.example.org/', false],
  ['javascript:alert(1)', false],
  [`https://releases.example.org/${'a'.repeat(500)}`, false],
  [null, false],
  [7, false],
])('links to %j for the auditors’ command: %s', (verifierUrl, isLinked) => {
  expect(readSiteFacts({ verifierUrl }, OWN_HOSTNAME).verifierUrl).toBe(isLinked ? verifierUrl : null);
});
