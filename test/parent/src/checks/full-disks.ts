import type { BootedParent } from '../parent';
import type { Sender } from '../sender';
import { OFFICES } from './main-job';

/** Returns a command that fills the disk of this folder, even for root. */
const fill = (folder: string) =>
  `cd ${folder} && fallocate --length "$(df --output=avail --block-size=1 . | tail -n 1)" fill || true
dd if=/dev/zero of=fill bs=4K oflag=append conv=notrunc 2>/dev/null || true
[[ $(df --output=avail . | tail -n 1) -eq 0 ]]`;

/** Checks the parent with a full data volume, and with a full system disk, on which the logs are. */
export function fullDisks(parent: () => BootedParent, sender: () => Sender): void {
  it('refuses messages as database_unavailable while the data volume is full, and logs why', async () => {
    const before = await sender().post();
    await parent().lines(fill('/srv/communique'));
    // Messages that still fit into PostgreSQL's pages are accepted, and must be kept.
    const accepted = [before];
    let refusal: unknown;
    while (refusal === undefined)
      await sender()
        .post()
        .then(
          (prepared) => accepted.push(prepared),
          (error: unknown) => {
            refusal = error;
          },
        );
    expect(refusal).toMatchObject({ message: expect.stringContaining('503 database_unavailable') as string });
    await parent().until(
      'tail -n 20 /var/log/communique/communique-postgresql.log | grep -q "No space left on device"',
    );
    expect(
      (
        await parent().lines('grep \'"code":"database_unavailable"\' /var/log/communique/communique-gateway.log')
      ).join(),
    ).toContain('53100');

    await parent().lines('rm /srv/communique/fill');
    for (const prepared of [...accepted, await sender().post()])
      expect(await sender().follow(prepared)).toEqual({ status: 'delivered', offices: OFFICES });
  });

  it('continues to deliver while the system disk is full, and writes its logs again once there is space', async () => {
    await parent().lines(fill('/'));
    expect(await sender().follow(await sender().post())).toEqual({ status: 'delivered', offices: OFFICES });
    await parent().lines('rm /fill');
    const lines = Number((await parent().lines('wc -l < /var/log/communique/communique-gateway.log'))[0]);
    expect(await sender().follow(await sender().post())).toEqual({ status: 'delivered', offices: OFFICES });
    await parent().until(`(($(wc -l < /var/log/communique/communique-gateway.log) > ${String(lines)}))`);
    expect(await parent().lines("systemctl list-units 'communique*' --state=failed --plain --no-legend")).toEqual([]);
  });
}
