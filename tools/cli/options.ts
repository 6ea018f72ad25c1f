import { usage } from './failure';

export const GATEWAY_OPTION = { gateway: { type: 'string' } } as const;
const DEFAULT_GATEWAY = 'http://127.0.0.1:3001';
export const GATEWAY_HELP = `  --gateway <url>     its address (default: COMMUNIQUE_GATEWAY, or ${DEFAULT_GATEWAY}); https, or http on this machine
`;

/**
 * A token in the clear is anybody's; on this machine there is nobody between.
 * @throws Failure `usage`
 */
export function gatewayOf(given: string | undefined, environment: Readonly<Record<string, string | undefined>>): URL {
  const text = given ?? environment['COMMUNIQUE_GATEWAY'] ?? DEFAULT_GATEWAY;
  if (!URL.canParse(text))
    throw usage('--gateway takes the address of a gateway, such as https://communique.example.org');
  const url = new URL(text);
  const local = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local))
    throw usage('--gateway has to be https, or http on this machine');
  return url;
}
