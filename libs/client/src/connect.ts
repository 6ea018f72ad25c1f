import { isBearerToken } from '@communique-tee/protocol';
import type { Client, ConnectOptions, KeyOptions, Policy } from './api';
import { offeredModels, runTask } from './agents/tasks';
import { AttestedKeys } from './attested-keys';
import { ClientError } from './errors';
import { checkNoCredentials } from './http';
import { checkPolicy } from './policy';
import { resumeMessage } from './resume';
import { throwIfAborted } from './retry';
import { sendMessage } from './send-message';
import { callListener } from './sending';

/**
 * Asks the gateway for an attestation document over a fresh nonce and verifies it under `policy`. The client does not trust the gateway:
 * it believes only what an enclave of an accepted measurement has signed. If the gateway does not answer or is overloaded, the client
 * tries again for 30 seconds, and reports every wait to `onState`.
 * @param url of the gateway; https, or http on this machine
 * @throws ClientError; `code` tells why
 * @example
 * const client = await connect('https://gateway.example', { acceptedMeasurements: [{ pcr0, pcr3 }] }, { token: () => session.token() });
 * const { status, report } = await client.send(message).result;
 */
export async function connect(url: string | URL, policy: Policy, options: ConnectOptions): Promise<Client> {
  const gateway = gatewayOf(url);
  const checked = checkPolicy(policy);
  throwIfAborted(options.signal);
  const keys = new AttestedKeys(gateway, checked);
  const key = ({ signal, onState }: KeyOptions = {}) =>
    keys.attest({
      signal,
      onState: (state) => {
        callListener(onState, state);
      },
    });
  await key(options);
  const sender = { gateway, keys, trust: checked.trust, token: () => tokenOf(options) };
  return {
    key,
    send: (message, sendOptions = {}) => sendMessage(sender, message, sendOptions),
    resume: (kept, resumeOptions = {}) => resumeMessage(sender, kept, resumeOptions),
    models: (keyOptions = {}) => offeredModels(sender, keyOptions),
    agent: (task, taskOptions = {}) => runTask(sender, task, taskOptions),
  };
}

/** Requires https except on this machine: without TLS anyone on the network could read the token. @throws ClientError */
function gatewayOf(url: string | URL): URL {
  let gateway: URL;
  try {
    gateway = new URL(url);
  } catch {
    // The cause is left out: it quotes the address, which may contain a password
    throw new ClientError('policy_invalid', 'the gateway’s address is not a URL');
  }
  checkNoCredentials(gateway);
  const local = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/.test(gateway.hostname);
  if (gateway.protocol === 'https:' || (gateway.protocol === 'http:' && local)) return gateway;
  throw new ClientError('policy_invalid', 'the gateway’s address is not https');
}

async function tokenOf({ token }: ConnectOptions): Promise<string> {
  if (token === undefined)
    throw new ClientError('token_unavailable', 'this request needs a token, and there is no token function');
  let given: unknown;
  try {
    given = await token();
  } catch (cause) {
    throw new ClientError('token_unavailable', 'the token function failed', { cause });
  }
  if (typeof given !== 'string' || !isBearerToken(given))
    throw new ClientError('token_unavailable', 'the token function returned no bearer token');
  return given;
}
