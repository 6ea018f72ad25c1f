import 'reflect-metadata';
import { createNsm, type NsmTransport } from '@communique-tee/nsm';
import { formatAddress, listen, parseAddress } from '@communique-tee/vsock';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { DocumentSource } from './attestation/document-source';
import type { EnclaveConfiguration } from './configuration/configuration';
import { EnclaveModule } from './enclave.module';
import { createServer } from './http/server';
import { createEnclaveKeys, keyIdText } from './keys/enclave-keys';
import { createLog, type Log } from './log/log';

export interface RunningEnclave {
  /** As bound: with the real port where 0 was asked for. */
  address: string;
  enclaveId: string;
  close(): Promise<void>;
}

/** Makes the keys, takes the first attestation document (which anchors the clock) and listens. */
export async function startEnclave(configuration: EnclaveConfiguration, transport: NsmTransport, log: Log = createLog()): Promise<RunningEnclave> {
  const nsm = createNsm(transport);
  const keys = await createEnclaveKeys(nsm);
  const enclaveId = randomUUID();
  const adapter = createServer();
  const app = await NestFactory.create<NestFastifyApplication>(EnclaveModule.of({ configuration, nsm, keys, log, enclaveId }), adapter, {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  await app.init();
  const fastify = adapter.getInstance();
  await fastify.ready();
  const first = await app.get(DocumentSource).forReceipt();
  const bound = await listen(fastify.server, parseAddress(configuration.listen));
  const address = formatAddress(bound);
  log.write('info', 'enclave_listening', {
    address,
    enclaveId,
    stack: configuration.stack,
    keyId: keyIdText(keys),
    custody: keys.custody,
    pcr0: first.pcr0,
  });
  return {
    address,
    enclaveId,
    async close() {
      await app.close();
      await nsm.close();
    },
  };
}
