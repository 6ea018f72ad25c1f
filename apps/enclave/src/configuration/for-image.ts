import { ConfigurationError, parseConfiguration, type EnclaveConfiguration } from './configuration';

export type ImageConfiguration = EnclaveConfiguration & { egress: Extract<EnclaveConfiguration['egress'], { mode: 'vsock' }> };

/** As `parseConfiguration`, for an enclave of its own: it has no network but vsock. @throws ConfigurationError */
export function parseConfigurationForImage(value: unknown): ImageConfiguration {
  const configuration = parseConfiguration(value);
  const problems: string[] = [];
  if (!/^vsock:\d+$/.test(configuration.listen)) problems.push('listen: an enclave image listens on vsock:<port>');
  if (configuration.egress.mode !== 'vsock') problems.push('egress.mode: an enclave image has no network but vsock');
  else if (configuration.egress.parentCid !== 3) problems.push('egress.parentCid: the parent is CID 3 to an enclave');
  if (problems.length > 0) throw new ConfigurationError(problems);
  return configuration as ImageConfiguration;
}
