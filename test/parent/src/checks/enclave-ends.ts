import { setTimeout as sleep } from 'node:timers/promises';
import type { BootedParent } from '../parent';
import type { Sender } from '../sender';
import { OFFICES } from './main-job';

/** Checks the parent while its enclave has ended and cannot be started for a while. */
export function enclaveEnds(parent: () => BootedParent, sender: () => Sender): void {
  it('reports the reason in health, accepts messages, and delivers them once the enclave runs again', async () => {
    const { world, until } = parent();
    const key = await sender().key();
    world.hypervisor.refusal = 'E26: Insufficient memory';
    await world.hypervisor.killEnclave();
    await until('grep -q enclave_ended /var/log/communique/communique-enclave.log');
    await until('grep -q enclave_not_started /var/log/communique/communique-enclave.log');
    let health = await sender().health();
    while (health.body.details?.['enclave']?.status !== 'down') {
      await sleep(200);
      health = await sender().health();
    }
    expect([health.status, health.body.details['enclave']]).toMatchObject([
      503,
      { code: expect.any(String) as string },
    ]);
    const prepared = await sender().post(key);
    world.hypervisor.refusal = undefined;
    expect(await sender().follow(prepared)).toEqual({ status: 'delivered', offices: OFFICES });
    expect((await parent().lines('tail -n 20 /var/log/communique/communique-enclave.log')).join('\n')).toMatch(
      /enclave_start_delayed[^]*enclave_running/,
    );
  });
}
