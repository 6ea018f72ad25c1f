import type { GatewayConfig } from '../../core/config/gateway-config';
import type { Logger } from '../../core/telemetry/logger';
import { openKeySetByFile } from './key-set-by-file';
import { openKeySetByUrl } from './key-set-by-url';
import type { KeySource } from './token-verifier';

/** Opens the key source that the configuration names. @throws ConfigurationProblem for a file that cannot be used */
export async function openKeySource(jwks: GatewayConfig['auth']['jwks'], logger: Logger): Promise<KeySource> {
  return 'url' in jwks ? openKeySetByUrl(jwks, logger) : openKeySetByFile(jwks, logger);
}
