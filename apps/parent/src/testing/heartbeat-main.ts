// node tools/run.mjs apps/parent/src/testing/heartbeat-main.ts hybrid:<path>:9000
import { formatAddress, parseAddress } from '@communique-tee/vsock';
import { startHeartbeat } from './heartbeat';

const heartbeat = await startHeartbeat(parseAddress(process.argv[2] ?? 'vsock:9000'), () => process.stdout.write('heartbeat\n'));
process.stdout.write(`heartbeat listening on ${formatAddress(heartbeat.address)}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void heartbeat.close());
