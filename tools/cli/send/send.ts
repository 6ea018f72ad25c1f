import { postMessage, prepareMessage } from '@communique-tee/client';
import { toHex } from '@communique-tee/protocol';
import { GATEWAY_HELP, GATEWAY_OPTION, gatewayOf } from '../arguments/gateway';
import { noPositional, readArguments, secondsOf } from '../arguments/read-arguments';
import { TOKEN_HELP, TOKEN_OPTION, tokenOf } from '../arguments/token';
import { TRUST_HELP, TRUST_OPTIONS, policyOf, trustOf } from '../arguments/trust';
import type { Command } from '../command';
import { EXIT, usage } from '../failure';
import { attestedKey, reaching } from '../gateway';
import { json, rows } from '../output/terminal';
import { KeptMessages, STATE_HELP, STATE_OPTION, type KeptMessage } from '../state/kept-messages';
import { follow } from '../status/follow';
import { exitOf, standingAsJson, standingAsText } from '../status/report';
import { takeWait } from '../status/status';
import { readMessage } from '../../message/read-message';

const help = `Sends a message to Congress: checks it, verifies the enclave, seals the message to its key, posts it to a gateway that cannot read it.

  npx communique-tee send --message <file.json> --pcr0 <hex> [options]
  npx communique-tee send --again <id>

  --message <file>    JSON in the shape of docs/message.md; docs/examples/message.json is one
  --lifetime <seconds>  how long it may wait for delivery; default a day, at most seven
  --wait[=seconds]    follows it to its end, or for so many seconds, and verifies its receipt as status does
  --again <id>        posts once more, where it was not clear whether the gateway has it: the same bytes, which are taken once
${GATEWAY_HELP}${TOKEN_HELP}  --json              prints one JSON object; steps go to standard error in any case

What opens the enclave's answer is made here and kept here, before anything is posted, in a file that its owner alone can read:
the sealed bytes, the key to the answer, the gateway, and whom you trusted. Nothing of the message but its sealed form.
${STATE_HELP}
${TRUST_HELP}
Exit code
  0  the gateway has it; with --wait: delivered, the receipt says so for every office
  1  refused: the enclave is not one that you trust, the gateway will not take it, or (--wait) it ended otherwise
  2  not understood: the arguments, the message, the token
  3  the gateway could not be reached; where the message may have been posted, --again is safe
  4  (--wait) still on its way

Examples
  npx communique-tee send --message docs/examples/message.json --pcr0 <hex> --token-file token --wait
  COMMUNIQUE_TOKEN=... npx communique-tee send --message letter.json --pcr0 <hex> --gateway https://communique.example.org --json
`;

export const send: Command = {
  name: 'send',
  summary: 'a message: verifies the enclave, seals, posts; with --wait follows it to its receipt',
  help,
  async run(argv, context) {
    const { wait, rest } = takeWait(argv);
    const { values, positionals } = readArguments(rest, { ...TRUST_OPTIONS, ...TOKEN_OPTION, ...GATEWAY_OPTION, ...STATE_OPTION, message: { type: 'string' }, lifetime: { type: 'string' }, again: { type: 'string' } });
    noPositional(positionals);
    const { again, message: file } = values;
    if ((again === undefined) === (file === undefined)) throw usage('--message <file> or --again <id>: one of the two');
    const step = (text: string) => { context.err(`  ${text}\n`); };
    const state = new KeptMessages(values.state, context.environment);
    const token = tokenOf(values['token-file'], context.environment);

    let kept: KeptMessage;
    if (again !== undefined) {
      kept = state.find(again);
    } else {
      const trust = trustOf(values);
      const gateway = gatewayOf(values.gateway, context.environment);
      const lifetimeSeconds = secondsOf(values.lifetime, 'lifetime');
      const content = readMessage(file ?? '');
      step(`asking ${gateway.host} for attestation with a fresh nonce`);
      const key = await attestedKey(gateway, policyOf(trust));
      step(`verified: PCR0 ${key.attestation.pcr0.slice(0, 16)}..., key ${toHex(key.keyId)}, custody ${key.custody}`);
      const prepared = prepareMessage(content, key, lifetimeSeconds === undefined ? {} : { lifetimeSeconds });
      kept = { gateway, prepared, trust };
      state.keep(kept);
      step(`sealed: ${String(prepared.sealed.length)} bytes; what opens the answer is in ${state.fileOf(prepared.id)}`);
    }

    const { gateway, prepared } = kept;
    step(`posting ${prepared.id}`);
    const view = await reaching(gateway, () => postMessage({ gateway, token, signal: context.signal }, prepared)).catch((error: unknown) => {
      step(`whether ${gateway.host} has it is not known; to post it once more: npx communique-tee send --again ${prepared.id}`);
      throw error;
    });
    if (wait !== undefined) {
      const policy = policyOf(kept.trust);
      const standing = await follow(kept, policy, token, wait === true ? undefined : wait, context);
      context.out(values.json === true ? standingAsJson(standing) : standingAsText(standing, context.paint));
      return exitOf(standing);
    }
    const stateFile = state.fileOf(prepared.id);
    context.out(
      values.json === true
        ? json({ id: prepared.id, gateway_says: { status: view.status, expires_at: view.expiresAt }, sealed_bytes: prepared.sealed.length, sealed_sha256: toHex(prepared.sealedSha256), key_id: toHex(prepared.message.keyId), state: stateFile })
        : `${context.paint('POSTED', 'good')}  ${prepared.id}\n${rows([['status', `${view.status}, in the gateway's words`], ['expires', view.expiresAt], ['next', `npx communique-tee status ${prepared.id} --wait`]])}`,
    );
    return EXIT.done;
  },
};
