import { PROVIDERS } from '@communique-tee/protocol';
import { rootCertificates } from 'node:tls';
import { fail, notInTime, pass, skip, type Check, type Finding } from '../check';
import { nameOf } from '../error-code';
import { authoritiesOf, rootOf } from '../congress/authorities';
import { readEnclaveConfiguration } from '../congress/enclave-configuration';
import { examineEnd, SILENT_AFTER_MS, type ExaminedEnd, type ExamineOptions } from '../congress/examine-end';
import { TimeLimitError } from '../runner/time-limit';

/** Checks, without sending a key, that the enclave would accept each provider's certificate. */
export const rootsCheck = ({
  silentAfterMs = SILENT_AFTER_MS,
  publicRoots = rootCertificates,
}: Partial<ExamineOptions> = {}): Check => ({
  name: 'provider-roots',
  title: 'each configured model provider shows a certificate that the enclave accepts (HEAD /, no key)',
  group: 'providers',
  network: true,
  async run(context) {
    const read = await readEnclaveConfiguration(context);
    if ('problem' in read) return skip('the enclave is not configured: see enclave-config');
    const findings: Finding[] = [];
    for (const provider of PROVIDERS) {
      const configured = read.services.agents?.providers[provider];
      if (configured === undefined) continue;
      const { origin, certificateAuthorities } = configured;
      const at = `services.agents.providers.${provider}`;
      const examined = await examineEnd(
        context,
        { origin, certificateAuthorities, at, owner: 'the provider' },
        { silentAfterMs, publicRoots },
      );
      findings.push('found' in examined ? examined : judge(examined, authoritiesOf(certificateAuthorities)));
    }
    return findings.length > 0 ? findings : skip('the enclave’s configuration names no provider of models');
  },
});

function judge({ host, end }: ExaminedEnd, authorities: readonly string[]): Finding {
  if ('status' in end) {
    const root = rootOf(end.chain, authorities);
    return pass(`${host}: its certificate is under “${root?.name ?? ''}”, SHA-256 ${root?.sha256 ?? ''}`);
  }
  if (end.error instanceof TimeLimitError) return notInTime(host);
  return fail(
    `${host} does not speak HTTPS with this machine (${nameOf(end.error)})`,
    'look at the origin in the enclave’s configuration, and at this machine’s network',
  );
}

export const providerRoots: Check = rootsCheck();
