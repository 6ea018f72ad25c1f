import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface NotInMoto extends AsyncDisposable {
  readonly endpoint: string;
  /** The account's quotas, by quota code. */
  readonly quotas: Record<string, number>;
  /** Cost allocation tags that AWS knows. */
  readonly tags: Record<string, 'Active' | 'Inactive'>;
  /** The quotas that a caller requested, by quota code. */
  readonly raised: Record<string, number>;
}

/**
 * Starts a server for what moto 5.2.5 lacks: Service Quotas, and the cost allocation tags of Cost Explorer. The protocol is AWS JSON 1.1.
 */
export async function startNotInMoto(): Promise<NotInMoto> {
  const quotas: Record<string, number> = {};
  const raised: Record<string, number> = {};
  const tags: Record<string, 'Active' | 'Inactive'> = {};
  type Asked = Record<string, unknown>;
  const answers: Readonly<Record<string, (asked: Asked) => object>> = {
    GetServiceQuota: ({ QuotaCode: code }) => ({ Quota: { QuotaCode: code, Value: quotas[String(code)] } }),
    RequestServiceQuotaIncrease: ({ QuotaCode: code, DesiredValue: value }) => {
      quotas[String(code)] = raised[String(code)] = Number(value);
      return { RequestedQuota: { QuotaCode: code, DesiredValue: value, Status: 'APPROVED' } };
    },
    ListCostAllocationTags: ({ TagKeys: keys }) => ({
      CostAllocationTags: Object.entries(tags)
        .filter(([key]) => (keys as string[]).includes(key))
        .map(([TagKey, Status]) => ({ TagKey, Status, Type: 'UserDefined' })),
    }),
    UpdateCostAllocationTagsStatus: ({ CostAllocationTagsStatus: changes }) => {
      for (const { TagKey, Status } of changes as { TagKey: string; Status: 'Active' | 'Inactive' }[])
        tags[TagKey] = Status;
      return { Errors: [] };
    },
  };
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const answer = answers[action]?.(JSON.parse(Buffer.concat(chunks).toString()) as Asked);
      response.writeHead(answer === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(answer ?? { __type: 'UnknownOperationException' }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    quotas,
    raised,
    tags,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
