import { startCongressSimulator, type CongressSimulator } from '@communique-tee/congress-simulator';
import { importPrivateKey, open, openAnswer } from '@communique-tee/crypto';
import { createNsm } from '@communique-tee/nsm';
import {
  decodeAnswer,
  decodeEnvelope,
  decodeSealedAnswer,
  encodeEnvelope,
  type Answer,
  type Envelope,
  type RelayAnswer,
} from '@communique-tee/protocol';
import { TEST_ENCLAVE_KEY, TEST_NOW_SECONDS, TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { randomBytes } from 'node:crypto';
import { createEgress } from '../egress';
import { DocumentSource } from '../identity/keys/document-source';
import { deriveEnclaveKeys } from '../identity/keys/enclave-keys';
import { KeyRing } from '../identity/keys/key-ring';
import { OperatorSecrets } from '../identity/secrets/operator-secrets';
import { openResidence, type Residence } from '../residence/residence';
import { residenceConfigSchema } from '../residence/residence-config';
import { AnchoredClock } from '../runtime/anchored-clock';
import { createLog } from '../runtime/log';
import { configFor } from '../services/congress/cwc/testing/setup';
import { congressDestinations, createCongress } from '../services/congress/cwc';
import { MessageService } from '../services/congress/message.service';
import { Reporter } from '../services/congress/report';

export interface ProvenEnclave {
  /** @returns the answer, sealed and opened; rejects with the problem */
  relay(message: Envelope | Uint8Array): Promise<Relay>;
  log: string[];
}

export interface Relay {
  answer: RelayAnswer;
  opened: Answer;
}

/**
 * Enclaves that can open the committed messages with proofs. Their clocks show the time of those proofs, and they deliver to one Congress
 * simulator.
 */
export interface ProvenWorld {
  congress: CongressSimulator;
  /** The enclaves' time. The Congress simulator and its certificates use the machine's clock. */
  time: { nowSeconds: number };
  enclave(mode?: 'off' | 'optional' | 'required', keys?: readonly string[]): Promise<ProvenEnclave>;
  stop(): Promise<void>;
}

export async function startProvenWorld(): Promise<ProvenWorld> {
  const folder = await temporaryFolder('proven');
  const congress = await startCongressSimulator();
  const time = { nowSeconds: TEST_NOW_SECONDS };
  const opened: Residence[] = [];
  return {
    congress,
    time,
    async enclave(mode = 'required', keys = TEST_REGISTRAR.verifierKeys) {
      const log: string[] = [];
      const lines = createLog((line) => log.push(line));
      const clock = new AnchoredClock(() => (time.nowSeconds - TEST_NOW_SECONDS) * 1000);
      const nsm = createNsm(
        await createMockNsmTransport({ rootFolder: folder.path, now: () => time.nowSeconds * 1000 }),
      );
      const keysHeld = {
        ...deriveEnclaveKeys(new Uint8Array(randomBytes(32)), 'process'),
        sealing: importPrivateKey(TEST_ENCLAVE_KEY.privateKey),
        keyId: TEST_ENCLAVE_KEY.keyId,
      };
      const documents = new DocumentSource(nsm, keysHeld, clock, new Uint8Array(32));
      await documents.forReceipt();
      const ring = new KeyRing(clock, lines);
      ring.take({ keys: keysHeld, documents, epoch: 1, rotateAfterMs: Infinity, destroyAfterMs: Infinity });
      const residence = openResidence(
        residenceConfigSchema.parse(mode === 'off' ? { mode } : { mode, registrar: TEST_REGISTRAR.id, keys }),
        clock,
        lines,
      );
      opened.push(residence);
      const config = configFor(congress, true);
      const egress = createEgress({ mode: 'direct' }, congressDestinations(config));
      const core = { ring, secrets: new OperatorSecrets([]), egress, residence, clock, log: lines, legacySuite: false };
      const service = new MessageService(
        core,
        createCongress(config, egress, MACHINE_CLOCK),
        new Reporter(clock),
        config,
      );
      return {
        log,
        async relay(message) {
          const body = message instanceof Uint8Array ? message : encodeEnvelope(message);
          const answer = await service.handle(body);
          const { sealed } = decodeEnvelope(body);
          const { answerKey } = open(keysHeld.sealing, sealed);
          return { answer, opened: decodeAnswer(openAnswer(answerKey, sealed, decodeSealedAnswer(answer.answer))) };
        },
      };
    },
    async stop() {
      for (const each of opened) await each.close();
      await congress.stop();
      await folder.remove();
    },
  };
}

const MACHINE_CLOCK = { nowMs: () => Date.now() };
