import { getElasticIp } from '@pulumi/aws/ec2/getElasticIp.js';
import { log, runtime, type InvokeOptions, type Output } from '@pulumi/pulumi';

/** Checks for five minutes. A parent reads the address's tag every 30 seconds (keep-address). */
const PATIENCE = { pauseMs: 5000, checks: 60 };

/** Which instance has the address now. `instanceId` is empty if none has it. */
interface Whereabouts {
  readonly instanceId: string;
  readonly associationId: string;
  readonly publicIp: string;
}

/**
 * Waits until no instance holds the address, because CreateNatGateway accepts no associated address: "you must first disassociate it"
 * (EC2 API reference). The parent releases the address once the address's tag says so.
 * @throws Error with the commands that free the address, in one line
 */
export async function waitForRelease(
  readAddress: () => Promise<Whereabouts>,
  { pauseMs, checks } = PATIENCE,
): Promise<void> {
  let where = await readAddress();
  for (let left = checks; where.instanceId !== ''; where = await readAddress()) {
    if (left-- <= 0)
      throw new Error(
        `The registered address ${where.publicIp} is still at instance ${where.instanceId}, which did not release it: run \`aws ec2 disassociate-address --association-id ${where.associationId}\`, then \`pulumi up\` again (docs/operator/address.md)`,
      );
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** The allocation id, once the parents have released the address. A preview does not wait; it warns if an instance has the address. */
export function releasedByParents(allocationId: Output<string>, options: InvokeOptions): Output<string> {
  return allocationId.apply(async (id) => {
    const readAddress = (): Promise<Whereabouts> => getElasticIp({ id }, options);
    if (!runtime.isDryRun()) await waitForRelease(readAddress);
    else {
      const { instanceId, publicIp } = await readAddress();
      if (instanceId !== '')
        await log.warn(
          `The registered address ${publicIp} goes from instance ${instanceId} to a NAT gateway. Until new parents are in service the House refuses messages, and the gateway sends them again later.`,
        );
    }
    return id;
  });
}
