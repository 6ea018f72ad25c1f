const TIMEOUT_MS = 5000;

/**
 * Makes the CORS preflight request that a browser makes before the page can post a message.
 * @param origin the page's origin
 * @returns what is wrong and what to do, in words for a person; null if the page can call the gateway
 */
export async function gatewayProblem(gateway: URL, origin: string): Promise<string | null> {
  let response: Response;
  try {
    response = await fetch(new URL('/api/messages', gateway), {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
  } catch {
    return `The gateway at ${gateway.origin} does not answer.\nNext: start it in another terminal with “npm run demo”, or name another one with --gateway. Then reload the page.`;
  }
  if (response.headers.get('access-control-allow-origin') === origin) return null;
  return `The gateway at ${gateway.origin} does not allow pages of ${origin}, so the browser will block them.\nNext: leave --port out, since the demo allows the usual port, or start the gateway with CORS_ORIGINS=${origin}`;
}
