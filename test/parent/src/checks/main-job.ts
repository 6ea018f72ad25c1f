import { setTimeout as sleep } from 'node:timers/promises';
import { fetchMessage, type PreparedMessage } from '@communique-tee/client';
import { isEnded } from '@communique-tee/protocol';
import type { BootedParent } from '../parent';
import type { Sender } from '../sender';

/** The offices of the message that a Sender posts. */
export const OFFICES = ['HCA12', 'SCA01', 'SCA03'];

/**
 * Tests the whole way of a message and of its answer: nginx's TLS, the gateway, the enclave, the egress proxies, the Congress simulator.
 */
export function mainJob(parent: () => BootedParent, sender: () => Sender): void {
  it('delivers a sealed message that arrives at nginx, with a receipt that verifies', async () => {
    expect(await sender().follow(await sender().post())).toEqual({ status: 'delivered', offices: OFFICES });
  });

  it('waits while the egress proxy to one chamber is stopped, and delivers when it runs again', async () => {
    await parent().lines('systemctl stop communique-egress@8001.service');
    let prepared: PreparedMessage;
    try {
      prepared = await sender().post();
      // The enclave's first report is an interim receipt.
      const options = await sender().options();
      let view = await fetchMessage(options, prepared.id);
      while (view.receipt === null) {
        await sleep(200);
        view = await fetchMessage(options, prepared.id);
      }
      expect(isEnded(view.status)).toBe(false);
    } finally {
      await parent().lines('systemctl start communique-egress@8001.service');
    }
    expect(await sender().follow(prepared)).toEqual({ status: 'delivered', offices: OFFICES });
  });

  it('writes no part of a message or a token into any log of the parent', async () => {
    const marks = [...sender().planted, (await sender().options()).token ?? 'no token'];
    expect(marks.length).toBeGreaterThan(20);
    const { code, stdout } = await parent().sh(
      `grep -rlF ${marks.map((mark) => `-e '${mark.replaceAll("'", String.raw`'\''`)}'`).join(' ')} /var/log`,
    );
    expect([code, stdout]).toEqual([1, '']);
  });
}
