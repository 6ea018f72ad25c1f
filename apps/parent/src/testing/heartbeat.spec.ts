import { temporaryFolder, type TemporaryFolder } from '@communique-tee/test-support';
import { connect } from '@communique-tee/vsock';
import { startHeartbeat, type Heartbeat } from './heartbeat';

describe('the heartbeat of an emulated parent', () => {
  let folder: TemporaryFolder;
  let heartbeat: Heartbeat;
  beforeEach(async () => {
    folder = await temporaryFolder();
    heartbeat = await startHeartbeat({ kind: 'hybrid', path: folder.file('vm'), port: 9000 });
  });
  afterEach(async () => {
    await heartbeat.close();
    await folder.remove();
  });
  const say = async (bytes: readonly number[]) => {
    const socket = await connect({ kind: 'unix', path: `${folder.file('vm')}_9000` }, { timeoutMs: 5000 });
    socket.on('error', () => undefined).write(Uint8Array.from(bytes));
    const answer = (await socket.toArray().catch(() => [])) as Buffer[];
    return [...Buffer.concat(answer)];
  };

  it('answers 0xB7 with 0xB7, and nothing else with anything', async () => {
    expect(await say([0xb7])).toEqual([0xb7]);
    expect(await say([0xb8])).toEqual([]);
    expect(await say([0xb7, 0xb7])).toEqual([]);
    expect(heartbeat.beats).toBe(1);
  });
});
