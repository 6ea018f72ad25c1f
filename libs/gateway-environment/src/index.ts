/**
 * The gateway's environment: every variable, its rule and its default. The gateway reads them at start. The deployment checks them before
 * it creates anything.
 */
export { closestName } from './closest-name';
export {
  ENCLAVE_SECRETS,
  givenText,
  parseEnvironment,
  unknownVariable,
  type Environment,
  type ParsedEnvironment,
} from './environment';
export { GATEWAY_KEEP_ALIVE_SECONDS } from './connections';
export { costOfCopies, deliveryPriceVersion, highestCostOfMessage } from './delivery-price';
export { parseExpectedOperator } from './expected-operator';
export type { GatewayConfig, PageSignIn, ResidenceConfig, ResidenceMode, TokenType } from './gateway-config';
export { formatDollars } from './money';
export { parseSentryDsn } from './sentry-dsn';
export { OWN_PREFIXES, VARIABLES } from './variables';
