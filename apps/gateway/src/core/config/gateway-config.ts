export type { GatewayConfig, TokenType } from '@communique-tee/gateway-environment';

/** Nest token of the one parsed configuration: `@Inject(GATEWAY_CONFIG) config: GatewayConfig`. */
export const GATEWAY_CONFIG = 'GATEWAY_CONFIG';
