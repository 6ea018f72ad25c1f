import type { BootedParent } from '../parent';
import type { Sender } from '../sender';
import { OFFICES } from './main-job';

/** Leaves no free block, not even for root. */
const fill = (folder: string) =>
  `cd ${folder} && fallocate --length "$(df --output=avail --block-size=1 . | tail -n 1)" fill || true
dd if=/dev/zero of=fill bs=4K oflag=append conv=notrunc 2>/dev/null || true
[[ $(df --output=avail . | tail -n 1) -eq 0 ]]`;

/** Fills the data volume, and the system's disk with the logs on it. */
export function fullDisks(parent: () => BootedParent, sender: () => Sender): void {
  it('refuses messages as database_unavailable while the volume of data is full, and logs why', async () => {
    const before = await sender().post();
    await parent().lines(fill('/srv/communique'));
    // What still fits into PostgreSQL's pages is accepted, and is kept.
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

  it('delivers on while the disk of the system is full, and writes its logs again once there is space', async () => {
    await parent().lines(fill('/'));
    expect(await sender().follow(await sender().post())).toEqual({ status: 'delivered', offices: OFFICES });
    await parent().lines('rm /fill');
    const lines = Number((await parent().lines('wc -l < /var/log/communique/communique-gateway.log'))[0]);
    expect(await sender().follow(await sender().post())).toEqual({ status: 'delivered', offices: OFFICES });
    await parent().until(`(($(wc -l < /var/log/communique/communique-gateway.log) > ${String(lines)}))`);
    expect(await parent().lines("systemctl list-units 'communique*' --state=failed --plain --no-legend")).toEqual([]);
  });
}
