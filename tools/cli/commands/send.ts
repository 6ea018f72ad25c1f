import { fetchMessage, postMessage, prepareMessage } from '@communique-tee/client';
import { toHex, type CongressMessage } from '@communique-tee/protocol';
import { GATEWAY_OPTION, gatewayOf } from '../options';
import { noPositional, readArguments, secondsOf } from '../arguments/read-arguments';
import { TOKEN_OPTION, tokenOf } from '../arguments/token';
import { TRUST_OPTIONS, policyOf, trustOf, type KeptTrust } from '../trust';
import type { Command } from '../command';
import { AboutMessage } from '../exit-of';
import { EXIT, Failure, usage } from '../failure';
import { attestedKey, reaching } from '../gateway';
import { json, rows } from '../output/terminal';
import { KeptMessages, STATE_OPTION, type KeptMessage } from '../kept-messages';
import { follow } from '../status/follow';
import { exitOf, standingAsJson, standingAsText } from '../status/report';
import { takeWait } from '../status/status';
import { readMessage } from '../read-message';
import { help } from './send-help';

export const send: Command = {
  name: 'send',
  summary: 'a message: verifies the enclave, seals, posts; with --wait follows it to its receipt',
  help,
  async run(argv, context) {
    const { wait, rest } = takeWait(argv);
    const { values, positionals } = readArguments(rest, {
      ...TRUST_OPTIONS,
      ...TOKEN_OPTION,
      ...GATEWAY_OPTION,
      ...STATE_OPTION,
      message: { type: 'string' },
      lifetime: { type: 'string' },
      again: { type: 'string' },
    });
    noPositional(positionals);
    const { again, message: file } = values;
    const step = (text: string) => {
      context.err(`  ${text}\n`);
    };
    const state = new KeptMessages(values.state, context.environment);
    const lifetimeSeconds = secondsOf(values.lifetime, 'lifetime');
    const token = tokenOf(values['token-file'], context.environment);

    /** @param before the same message, sealed to a key that is gone */
    const sealed = async (
      content: CongressMessage,
      gateway: URL,
      trust: KeptTrust,
      before?: KeptMessage,
    ): Promise<KeptMessage> => {
      step(`asking ${gateway.host} for attestation with a fresh nonce`);
      const key = await attestedKey(gateway, policyOf(trust));
      step(`verified: PCR0 ${key.attestation.pcr0.slice(0, 16)}..., key ${toHex(key.keyId)}, custody ${key.custody}`);
      const prepared = prepareMessage(content, key, {
        ...(before && { id: before.prepared.id }),
        ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
      });
      const kept = { gateway, prepared, deliverySecret: content.deliverySecret, trust };
      const stateFile = state.keep(kept);
      step(`sealed: ${String(prepared.sealed.length)} bytes; what opens the answer is in ${stateFile}`);
      return kept;
    };

    const asked = async (): Promise<KeptMessage> => {
      if (again === undefined) {
        if (file === undefined) throw usage('--message <file> is missing');
        return sealed(readMessage(file), gatewayOf(values.gateway, context.environment), trustOf(values));
      }
      const before = state.find(again);
      if (file === undefined) return before;
      const { gateway, deliverySecret } = before;
      const trust = values.pcr0 === undefined ? before.trust : trustOf(values);
      const content = { ...readMessage(file), deliverySecret: new Uint8Array(deliverySecret) };
      const { status } = await reaching(gateway, () => fetchMessage({ gateway, token, signal: context.signal }, again));
      // What opens the answer to the first sealing goes with it
      if (status !== 'key_retired')
        throw new Failure(
          'not_retired',
          `it is ${status}: a message is sealed again only where the enclave lost its key (key_retired)`,
        );
      return sealed(content, gateway, trust, before);
    };

    const kept = await asked();
    const { gateway, prepared } = kept;
    const { id } = prepared;
    try {
      step(`posting ${id}`);
      const view = await reaching(gateway, () => postMessage({ gateway, token, signal: context.signal }, prepared));
      if (wait !== undefined) {
        const standing = await follow(kept, policyOf(kept.trust), token, wait === true ? undefined : wait, context);
        context.out(values.json === true ? standingAsJson(standing) : standingAsText(standing, context.paint));
        return exitOf(standing);
      }
      context.out(
        values.json === true
          ? json({
              id,
              gateway_says: { status: view.status, expires_at: view.expiresAt },
              sealed_bytes: prepared.sealed.length,
              sealed_sha256: toHex(prepared.sealedSha256),
              key_id: toHex(prepared.message.keyId),
              state: state.fileOf(id),
            })
          : `${context.paint('POSTED', 'good')}  ${id}\n${rows([
              ['status', `${view.status}, in the gateway's words`],
              ['expires', view.expiresAt],
              ['next', `npx communique-tee status ${id} --wait`],
            ])}`,
      );
      return EXIT.done;
    } catch (error) {
      throw new AboutMessage(id, error);
    }
  },
};
