import { readFile } from 'node:fs/promises';
import { connect, type LookupFunction } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type EnclaveKey,
  type TrustPolicy,
} from '@communique-tee/client';
import {
  commandAvailability,
  describeWith,
  temporaryFolder,
  type Availability,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { redisAvailability } from '@communique-tee/testing/redis';
import { receivedBy } from '@communique-tee/test-system';
import { Client } from 'pg';
import { Agent, fetch as undiciFetch } from 'undici';
import { GATEWAY_METRICS } from '@communique-tee/parent-files';
import { plantedMessage } from '@communique-tee/test-system';
import { startRehearsal, type Rehearsal } from './start-rehearsal';

const NAME = 'communique.example.org';

const needs: readonly Availability[] = [
  commandAvailability('nginx', 'nginx-light'),
  commandAvailability('jq', 'jq'),
  commandAvailability('setpriv', 'util-linux'),
  commandAvailability('openssl', 'openssl'),
  commandAvailability('psql', 'postgresql-client'),
  redisAvailability(),
];
const missing = needs.flatMap((each) => (each.available ? [] : [each.reason]));

describeWith(
  missing.length === 0 ? { available: true } : { available: false, reason: missing.join('; ') },
  'a rehearsal of the parent',
  () => {
    describe.each(['process', 'sealed'] as const)('with %s keys', (keys) => {
      let folder: TemporaryFolder;
      let parent: Rehearsal;
      const realFetch = globalThis.fetch;

      beforeAll(async () => {
        folder = await temporaryFolder('rehearsal-');
        parent = await startRehearsal(folder, keys);
        const ca = await readFile(parent.nginx.certificate, 'utf8');
        const lookup: LookupFunction = (_name, options, done) => {
          if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
          else done(null, '127.0.0.1', 4);
        };
        const dispatcher = new Agent({ connect: { ca, lookup } });
        globalThis.fetch = async (input, init) => {
          const request = new Request(input, init);
          if (new URL(request.url).hostname !== NAME) return realFetch(request);
          // undici's fetch does not accept Node's Request.
          const { url, method, headers, redirect, signal } = request;
          const body = request.body && (await request.arrayBuffer());
          const answer = await undiciFetch(url, { method, headers: [...headers], redirect, signal, body, dispatcher });
          return answer as unknown as Response;
        };
      }, 300_000);

      afterAll(async () => {
        globalThis.fetch = realFetch;
        await (parent as Rehearsal | undefined)?.stop();
        await folder.remove();
      }, 60_000);

      const at = () => `https://${NAME}:${String(parent.nginx.httpsPort)}`;
      const policy = (): TrustPolicy => ({
        acceptedMeasurements: parent.system.accepted,
        trustAnchor: unsafeTrustAnchorFromPem(parent.system.developmentRootPem),
      });
      /** Waits until the enclave has its keys, which come through the gateway if they are sealed under KMS. */
      const enclaveKey = async (): Promise<EnclaveKey> => {
        while ((await fetch(`${at()}/api/health/tee`)).status !== 200) await sleep(100);
        return fetchEnclaveKey(at(), policy());
      };

      it('the gateway’s first scrape has every series that an alarm reads, so that a first event is an increase', async () => {
        const lines = (await (await realFetch(parent.metricsUrl)).text()).split('\n');
        const missing = Object.entries(GATEWAY_METRICS).filter(
          ([name, labels]) =>
            !lines.some(
              (line) => /^[a-z_]+/.exec(line)?.[0] === name && labels.every((label) => line.includes(`${label}="`)),
            ),
        );
        // This gauge exists only once the gateway has read a root of the registrar, and residence is off here
        expect(missing.map(([name]) => name)).toEqual(['communique_residence_root_seconds_left']);
        expect(lines).toContain('communique_unexpected_errors_total 0');
        const alarmed = [
          'communique_attestation_trusted{enclave="0"}',
          'communique_rate_limits_store{store="memory"}',
          'communique_budget_used_ratio{window="system_day"}',
        ];
        for (const series of alarmed) expect(lines.filter((line) => line.startsWith(`${series} `))).toHaveLength(1);
      });

      it("a sealed message posted at nginx's TLS port reaches House and Senate through the proxies, and its receipt verifies", async () => {
        const alice = { gateway: at(), token: await parent.system.issuer.token('alice') };
        const { message, fields } = plantedMessage();
        const prepared = prepareMessage(message, await enclaveKey());
        expect((await postMessage(alice, prepared)).status).toBe('queued');
        const view = await followMessage(alice, prepared.id, { timeoutMs: 60_000 });
        expect(view.status).toBe('delivered');
        const { answer } = await verifyResult(view, prepared, policy());
        const ids = answer.offices.map(({ deliveryId }) => deliveryId);
        const arrived = (await receivedBy(parent.system.congress)).filter(({ deliveryId }) => ids.includes(deliveryId));
        expect(arrived.map(({ office }) => office).sort()).toEqual(['HCA12', 'SCA01', 'SCA03']);
        // The parent's logs contain no part of the message.
        const written =
          Object.values(parent.services)
            .map((service) => service.output())
            .join('') + (await readFile(join(parent.nginx.root, 'var/log/communique-nginx/access.log'), 'utf8'));
        for (const field of Object.values(fields)) expect(written.includes(field)).toBe(false);
        expect(written.includes(alice.token)).toBe(false);
      });

      it('the gateway reports through nginx that everything is healthy, and which custody the keys have', async () => {
        const response = await fetch(`${at()}/api/health/tee`, { headers: { 'x-forwarded-for': '203.0.113.7' } });
        expect([response.status, response.headers.get('strict-transport-security')]).toEqual([
          200,
          expect.stringContaining('max-age'),
        ]);
        const { details } = (await response.json()) as {
          details: { keys: { enclaves: { custody: string; state: string }[] } };
        };
        expect(details.keys.enclaves).toMatchObject([
          { custody: keys === 'sealed' ? expect.stringMatching(/^arn:aws:kms:.*alias\/communique-tee-/) : 'process' },
        ]);
      });

      it('a message waits while the proxy of one chamber is stopped, and is delivered when the proxy runs again', async () => {
        const alice = { gateway: at(), token: await parent.system.issuer.token('alice') };
        await parent.services['egress-house']?.stop();
        const prepared = prepareMessage(plantedMessage().message, await enclaveKey());
        await postMessage(alice, prepared);
        await parent.startEgress('house');
        const view = await followMessage(alice, prepared.id, { timeoutMs: 60_000 });
        expect(view.status).toBe('delivered');
      });

      it("the collector accepts the enclave's own log lines", async () => {
        const lines = (await readFile(join(parent.system.logFolder, 'enclave.log'), 'utf8'))
          .split('\n')
          .filter((line) => line.startsWith('{'));
        const socket = connect(parent.collectorPort, '127.0.0.1');
        socket.end(`${lines.join('\n')}\n`);
        const collected = () =>
          (parent.services['collector']?.output() ?? '')
            .split('\n')
            .filter((line) => line.includes('"source":"enclave"'));
        while (!collected().some((line) => line.includes('message_handled'))) await sleep(50);
        expect(collected().some((line) => line.includes('enclave_listening'))).toBe(true);
      });

      it('the gateway’s database role owns nothing', async () => {
        const client = new Client({ connectionString: parent.gatewayDatabaseUrl });
        await client.connect();
        const { rows } = await client.query<{ me: string; owned: number; sealed: number }>(
          'SELECT current_user AS me, (SELECT count(*)::int FROM pg_class WHERE pg_get_userbyid(relowner) = current_user) AS owned, (SELECT count(*)::int FROM sealed_key) AS sealed',
        );
        await client.end();
        expect(rows).toEqual([{ me: 'communique_gateway', owned: 0, sealed: keys === 'sealed' ? 1 : 0 }]);
      });

      it('the gateway exits with 0 when its unit is stopped', async () => {
        expect(await parent.services['gateway']?.stop(35_000)).toMatchObject({ code: 0 });
        expect((await fetch(`${at()}/health`)).status).toBe(503);
      });
    });
  },
);
