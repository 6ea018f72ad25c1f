import { LIMITS, MAX_OFFERED_KEYS } from '@communique-tee/protocol';
import { keyTimes } from '../identity/custody/custody-config';
import { parseConfiguration, type EnclaveConfiguration } from './configuration';
import { ConfigurationError } from '../runtime/configuration-file';

export type ImageConfiguration = EnclaveConfiguration & {
  egress: Extract<EnclaveConfiguration['egress'], { mode: 'vsock' }>;
};

/**
 * Parses like `parseConfiguration`, with further rules for an enclave image, whose only network is vsock.
 * @throws ConfigurationError
 */
export function parseConfigurationForImage(value: unknown): ImageConfiguration {
  const configuration = parseConfiguration(value);
  const problems: string[] = [];
  if (!/^vsock:\d+$/.test(configuration.listen)) problems.push('listen: an enclave image listens on vsock:<port>');
  if (configuration.egress.mode !== 'vsock') problems.push('egress.mode: an enclave image has no network but vsock');
  else if (configuration.egress.parentCid !== 3) problems.push('egress.parentCid: the parent is CID 3 to an enclave');
  if (Object.values(configuration.services).every((service) => service === undefined))
    problems.push('services: an enclave image names at least one service');
  const { rotateAfterSeconds, keepSeconds } = keyTimes(configuration.custody);
  // All keys that exist at once must fit into one offer or status. 8 places stay free, because several enclaves may make keys at once
  if (Math.ceil((rotateAfterSeconds + keepSeconds) / rotateAfterSeconds) > MAX_OFFERED_KEYS - 8)
    problems.push(
      `custody.rotateAfterSeconds: too short, keys are kept for ${String(LIMITS.maxLifetimeSeconds / 86_400)} days after their rotation`,
    );
  if (problems.length > 0) throw new ConfigurationError(problems);
  return configuration as ImageConfiguration;
}
