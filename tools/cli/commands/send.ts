import {
  ClientError,
  fetchMessage,
  combineWhetherSent,
  attestedResidence,
  keptOf,
  postUntilAnswered,
  prepareProven,
  prepareMessage,
  recognizingChambers,
  type Access,
  type EnclaveKey,
  type PreparedMessage,
  type PrepareOptions,
  type WhetherSent,
} from '@communique-tee/client';
import { toHex, type CongressMessage, type Template } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';
import type { AddCommand } from '../command';
import { acceptDuplicates, type AcceptDuplicateOption } from '../duplicate-risk';
import { isFinalRefusal, SendingError } from '../exit-of';
import { EXIT, Failure, usage } from '../failure';
import { attestedKey, enclaveClock, reaching } from '../gateway';
import { KeptMessages, type StoredMessage } from '../kept-messages';
import {
  gatewayOf,
  gatewayOption,
  jsonOption,
  secondsOf,
  stateOption,
  tokenOf,
  tokenOption,
  waitOption,
  waitSecondsOf,
  type GatewayOption,
  type JsonOption,
  type StateOption,
  type TokenOption,
  type WaitOption,
} from '../options';
import { json, rows } from '../output/terminal';
import { readMessage } from '../read-message';
import { templateOf, templateOption, type TemplateOption } from '../template';
import { cannotProve } from '../residence/open-prover';
import { proveOptions, readyToProve, type ProveOptions } from '../residence/prove-options';
import { follow } from '../status/follow';
import { exitOf, statusAsJson, statusAsText } from '../status/report';
import { hasTrustOption, policyOf, trustOf, trustOptions, type KeptTrust, type TrustOptions } from '../trust';

const after = (name: string) => `
Before it posts, this command stores what it needs to open the enclave's answer, in a file that only its owner can
read: the sealed bytes, the key to the answer, the secret from which the DeliveryIds are made, the gateway, and which
enclaves you accept. It stores only the sealed form of the message.

If the command fails, one sentence says whether the message was sent, or that this is not known yet.

A gateway that lies can get an office the same message twice, if several enclaves share their keys or if the message
is sealed again after key_retired. Then the command asks you first. There is no such risk if the enclave attests that
the chamber recognizes a repeated message.

Exit code
  0  the gateway has the message; with --wait: delivered, the receipt says so for every office
  1  refused: you do not accept the enclave, the gateway refuses the message, or (--wait) the message was not delivered
  2  an argument, the message, the policy or the token was not understood: the error names it
  3  the gateway could not be reached; --again is safe: the gateway accepts the same bytes once
  4  (--wait) still on its way

Examples
  ${name} send --message docs/examples/message.json --pcr0 <hex> --pcr3 <hex> --token-file token --wait
  COMMUNIQUE_TOKEN=... ${name} send --message letter.json --policy policy.json --gateway https://communique.example.org
  ${name} send --residence --campaign-note campaign.note --message letter.json --policy policy.json --wait
  ${name} send --template parks-2026 --message me.json --policy policy.json --wait
`;

interface Options
  extends
    TrustOptions,
    GatewayOption,
    TokenOption,
    StateOption,
    WaitOption,
    JsonOption,
    AcceptDuplicateOption,
    ProveOptions,
    TemplateOption {
  readonly residence?: boolean;
  readonly message?: string;
  readonly lifetime?: string;
  readonly again?: string;
}

export const send: AddCommand = (program, run) => {
  const command = program
    .command('send')
    .summary('verify the enclave, seal a message, post it; with --wait follow it to its receipt')
    .description(
      'Sends a message to Congress: checks it, verifies the enclave, seals the message to its key, posts it to a gateway that cannot read it.',
    )
    .option('--message <file>', 'JSON in the shape of docs/message.md; docs/examples/message.json is one')
    .option('--lifetime <seconds>', 'how long the message may wait for delivery, at most seven days (default: a day)')
    .option(
      '--again <id>',
      "post the same bytes again, for example after a lost connection; the gateway accepts them once. With --message, if the message ended as key_retired: seal it to the enclave's new key under the same id. A chamber that recognizes a repeated message then delivers it once",
    )
    .option(
      '--accept-duplicate',
      'send although an office may get the message twice; on a terminal the command asks instead',
    );
  command.option(
    '--residence',
    'prove that you live in the district, and post without a token; needs a checkout, and your registration (see register)',
  );
  for (const add of [templateOption, proveOptions, waitOption, gatewayOption, tokenOption, stateOption, jsonOption])
    add(command);
  return trustOptions(command)
    .addHelpText('after', after(program.name()))
    .action(
      run(async (context, options: Options) => {
        const { again, message: file } = options;
        if (options.residence === true && context.openProver === undefined) throw cannotProve();
        const step = (text: string) => {
          context.err(`  ${text}\n`);
        };
        const state = new KeptMessages(options.state, context.environment);
        const lifetimeSeconds = secondsOf(options.lifetime, 'lifetime');
        const waitSeconds = waitSecondsOf(options);
        const earlier = again === undefined ? undefined : state.find(again);
        const isProven = options.residence === true || earlier?.prepared.proven !== undefined;
        const token = isProven ? null : tokenOf(options, context.environment);
        const gateway =
          earlier !== undefined && options.gateway === undefined
            ? new URL(earlier.kept.gateway)
            : gatewayOf(options, context.environment);

        let template: Template | undefined;
        const proven = async (
          content: CongressMessage,
          key: EnclaveKey,
          sealing: PrepareOptions,
          before: StoredMessage | undefined,
        ) => {
          const nowSeconds = enclaveClock(key);
          const { residence, onState, opened } = await readyToProve(
            options,
            context,
            template?.campaignNote,
            before?.prepared.id,
          );
          try {
            const attested = attestedResidence(key, residence);
            if (attested === null) throw new TypeError('a residence was given');
            return await prepareProven(content, key, {
              ...sealing,
              attested,
              residence,
              gateway,
              statusSecret: before?.prepared.proven?.statusSecret ?? new Uint8Array(randomBytes(32)),
              nowSeconds,
              signal: context.signal,
              onState,
            });
          } finally {
            opened.close();
          }
        };

        /** @param before the same message, sealed earlier to a key that the enclave has lost */
        const sealed = async (content: CongressMessage, trust: KeptTrust, before?: StoredMessage) => {
          step(`asking ${gateway.host} for attestation with a fresh nonce`);
          const key = await attestedKey(gateway, policyOf(trust), context.signal);
          step(
            `verified: PCR0 ${key.attestation.pcr0.slice(0, 16)}..., operator ${key.attestation.pcr3?.slice(0, 16) ?? 'unnamed'}..., key ${toHex(key.keyId)}, custody ${key.custody}`,
          );
          await acceptDuplicates(content.offices, key, before, options, options.json === true ? {} : context);
          const sealing = {
            ...(before && { id: before.prepared.id }),
            ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
          };
          const prepared = isProven
            ? await proven(content, key, sealing, before)
            : prepareMessage(content, key, sealing);
          const attested = recognizingChambers(key);
          const stored = {
            sealedAtMs: Date.now(),
            ended: null,
            kept: keptOf(prepared, gateway, before !== undefined),
            prepared,
            deliverySecret: content.deliverySecret,
            recognizing: before ? attested.filter((chamber) => before.recognizing.includes(chamber)) : attested,
            trust,
          };
          const stateFile = state.keep(stored);
          step(`sealed: ${String(prepared.sealed.length)} bytes; the key to the answer is in ${stateFile}`);
          return stored;
        };

        /** The message that is posted: sealed now, or as it was stored. */
        const toPost = async (): Promise<StoredMessage> => {
          if (earlier === undefined) {
            if (file === undefined) throw usage('--message <file> is missing: the message to send, as JSON');
            const trust = trustOf(options);
            template = await templateOf(options, gateway);
            return sealed(readMessage(file, template), trust);
          }
          if (file === undefined) return earlier;
          const { deliverySecret, prepared } = earlier;
          const trust = hasTrustOption(options) ? trustOf(options) : earlier.trust;
          template = await templateOf(options, gateway);
          const content = { ...readMessage(file, template), deliverySecret: new Uint8Array(deliverySecret) };
          const { status } = await reaching(gateway, () =>
            fetchMessage({ gateway, ...accessOf(prepared, token), signal: context.signal }, prepared.id),
          );
          told.sent = 'accepted';
          // Sealing again replaces the key to the answer, so the earlier sealed message must have ended.
          if (status !== 'key_retired')
            throw new Failure(
              'not_retired',
              `the message is ${status}, so it was not sealed again: only a message that ended as key_retired is. To post the same bytes again, leave --message out`,
            );
          return sealed(content, trust, earlier);
        };

        // An earlier call of this command may have posted the message.
        const before: WhetherSent =
          earlier === undefined ? 'not_sent' : earlier.kept.accepted ? 'accepted' : 'not_known';
        const told: { sent: WhetherSent; id?: string } = { sent: before, ...(again !== undefined && { id: again }) };
        try {
          const stored = await toPost();
          const { prepared } = stored;
          const { id } = prepared;
          told.id = id;
          step(`posting ${id}`);
          const view = await postUntilAnswered(prepared, {
            gateway,
            token: isProven ? null : () => Promise.resolve(tokenOf(options, context.environment)),
            signal: context.signal,
            budgetMs: 0,
            maxAttempts: 1,
            before: told.sent,
            onState: () => undefined,
          });
          told.sent = 'accepted';
          const accepted = { ...stored, kept: { ...stored.kept, accepted: true } };
          state.keep(accepted);
          if (waitSeconds !== undefined) {
            const policy = policyOf(stored.trust);
            const sent = await follow(accepted, { gateway, policy, token, waitSeconds, state }, context);
            context.out(options.json === true ? statusAsJson(sent) : statusAsText(sent, context.paint));
            return exitOf(sent);
          }
          context.out(
            options.json === true
              ? json({
                  id,
                  gateway_says: { status: view.status, expires_at: view.expiresAt },
                  ...(prepared.proven && { proven: true, posted_bytes: prepared.proven.envelope.length }),
                  sealed_bytes: prepared.sealed.length,
                  sealed_sha256: toHex(prepared.sealedSha256),
                  key_id: toHex(prepared.message.keyId),
                  state: state.fileOf(id),
                })
              : `${context.paint('POSTED', 'good')}  ${id}\n${rows([
                  ['status', `${view.status}, in the gateway's words`],
                  ['expires', view.expiresAt],
                  ['next', `${program.name()} status ${id} --wait`],
                ])}`,
          );
          return EXIT.done;
        } catch (error) {
          const sent = error instanceof ClientError ? combineWhetherSent(told.sent, error.sent) : told.sent;
          if (earlier === undefined && sent === 'not_sent' && told.id !== undefined && isFinalRefusal(error))
            state.forget(told.id);
          throw new SendingError(error, sent, told.id);
        }
      }),
    );
};

/** Returns what the gateway asks for before it reports the status: the token, or a proven message's status secret. */
function accessOf({ proven }: PreparedMessage, token: string | null): Access {
  return proven === undefined ? { token: token ?? undefined } : { statusSecret: proven.statusSecret };
}
