import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '@communique-tee/protocol';
import type { BootedParent } from '../parent';
import type { Sender } from '../sender';
import { INSTANCE } from '../world/world';
import { inService, outOfOrder } from './first-boot';
import { OFFICES } from './main-job';

/** Checks an orderly reboot, a loss of power, and a boot without the metadata service and the data volume. */
export function reboots(parent: () => BootedParent, sender: () => Sender): void {
  const CERTIFICATE = 'openssl x509 -noout -serial -in /etc/communique/tls/fullchain.pem';
  /** Posts a message that the gateway accepts. The enclave does not get it, because no enclave can start before `release` is called. */
  const acceptedAndWaiting = async () => {
    const { hypervisor } = parent().world;
    const key = await sender().key();
    hypervisor.refusal = 'not now';
    await hypervisor.killEnclave();
    return { prepared: await sender().post(key), keyId: toHex(key.keyId) };
  };
  const release = () => {
    parent().world.hypervisor.refusal = undefined;
  };
  const code = () =>
    sender()
      .health()
      .then(
        ({ status }) => status,
        () => 0,
      );
  const untilAnswer = async (status: number) => {
    while ((await code()) !== status) await sleep(300);
  };

  it('keeps data, certificate and keys over a reboot, starts in the order of the first boot, and delivers accepted messages', async () => {
    const before = await parent().lines(CERTIFICATE);
    const { prepared, keyId } = await acceptedAndWaiting();
    const installed = await parent().lines('cat /srv/installed-packages');
    release();
    await parent().reboot();
    await inService(parent());
    await untilAnswer(200);
    expect(await outOfOrder(parent())).toEqual([]);
    expect(await sender().follow(prepared)).toEqual({ status: 'delivered', offices: OFFICES });
    expect([await parent().lines(CERTIFICATE), toHex((await sender().key()).keyId)]).toEqual([before, keyId]);
    // cloud-init runs nothing a second time, and the parent does not report to its scaling group a second time.
    expect(await parent().lines('cat /srv/installed-packages')).toEqual(installed);
    await parent().until('tail -n 2 /var/log/communique/communique-attested.log | grep -q launch_not_waiting');
    expect(parent().world.aws.asked.filter((each) => each === 'complete-lifecycle-action')).toHaveLength(1);
  });

  it('loses no accepted message when the power fails', async () => {
    const { prepared } = await acceptedAndWaiting();
    release();
    await parent().cutPower();
    await inService(parent());
    await untilAnswer(200);
    expect(await sender().follow(prepared)).toEqual({ status: 'delivered', offices: OFFICES });
  });

  describe('while the metadata service refuses and another instance has the data volume', () => {
    it('starts nginx, which answers with its own problem document, and logs that the metadata service refused', async () => {
      parent().world.metadata.refuses = true;
      parent().world.aws.volumeHolder = 'i-0another';
      await parent().reboot();
      await untilAnswer(503);
      await parent().until('tail -n 3 /var/log/communique/communique-data-volume.log | grep -q 403');
      expect(
        await parent().lines('systemctl is-active communique-postgresql communique-gateway || true'),
      ).not.toContain('active');
    });

    it('waits for the volume once the service answers, and logs which instance has the volume', async () => {
      parent().world.metadata.refuses = false;
      await parent().until('grep -q "is with i-0another" /var/log/communique/communique-data-volume.log');
      expect(await code()).toBe(503);
    });

    it('takes the volume when it is free, and starts everything that could not start before', async () => {
      parent().world.aws.volumeHolder = undefined;
      await inService(parent());
      await untilAnswer(200);
      expect(parent().world.aws.volumeHolder).toBe(INSTANCE);
      expect(await sender().follow(await sender().post())).toEqual({ status: 'delivered', offices: OFFICES });
    });
  });
}
