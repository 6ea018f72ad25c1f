import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '@communique-tee/protocol';
import type { BootedParent } from '../parent';
import type { Sender } from '../sender';
import { INSTANCE } from '../world/world';
import { inService, outOfOrder } from './first-boot';
import { OFFICES } from './main-job';

/** Reboots in order, without power, and with AWS or the data volume out of reach: what survives, and what starts once it can. */
export function reboots(parent: () => BootedParent, sender: () => Sender): void {
  const CERTIFICATE = 'openssl x509 -noout -serial -in /etc/communique/tls/fullchain.pem';
  /** A message that the gateway accepted and the enclave has not seen, since it is away until `release`. */
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

  it('keeps data, certificate and keys over a reboot, in the order of the first boot, and delivers what it had accepted', async () => {
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
    // cloud-init runs nothing again, and the parent does not report to its scaling group again.
    expect(await parent().lines('cat /srv/installed-packages')).toEqual(installed);
    await parent().until('tail -n 2 /var/log/communique/communique-attested.log | grep -q launch_not_waiting');
    expect(parent().world.aws.asked.filter((each) => each === 'complete-lifecycle-action')).toHaveLength(1);
  });

  it('loses nothing that it accepted when the power fails', async () => {
    const { prepared } = await acceptedAndWaiting();
    release();
    await parent().cutPower();
    await inService(parent());
    await untilAnswer(200);
    expect(await sender().follow(prepared)).toEqual({ status: 'delivered', offices: OFFICES });
  });

  describe('with the metadata service refusing, and the data volume with another instance', () => {
    it('starts nginx, which refuses with a problem of its own, and logs that the service refused', async () => {
      parent().world.metadata.refuses = true;
      parent().world.aws.volumeHolder = 'i-0another';
      await parent().reboot();
      await untilAnswer(503);
      await parent().until('tail -n 3 /var/log/communique/communique-data-volume.log | grep -q 403');
      expect(
        await parent().lines('systemctl is-active communique-postgresql communique-gateway || true'),
      ).not.toContain('active');
    });

    it('waits for the volume once the service answers, and names who has it', async () => {
      parent().world.metadata.refuses = false;
      await parent().until('grep -q "is with i-0another" /var/log/communique/communique-data-volume.log');
      expect(await code()).toBe(503);
    });

    it('takes the volume when it is free, late as it is, and everything that was given up starts', async () => {
      parent().world.aws.volumeHolder = undefined;
      await inService(parent());
      await untilAnswer(200);
      expect(parent().world.aws.volumeHolder).toBe(INSTANCE);
      expect(await sender().follow(await sender().post())).toEqual({ status: 'delivered', offices: OFFICES });
    });
  });
}
