import type { Client } from 'pg';

/** A model that agents may not use until an operator clears it. */
export interface ModelOff {
  readonly provider: string;
  /** `*`: every model of the provider. */
  readonly model: string;
  readonly since: Date;
  /** `above_reservation` | `free_tier` */
  readonly why: string;
}

/** One exact model name, or the row `*` of a provider. */
export type ModelsToClear = { readonly model: string } | { readonly provider: string };

const COLUMNS = 'provider, model, since, why';

/** Returns the models that are off, oldest first. */
export async function modelsOff(client: Client): Promise<ModelOff[]> {
  const { rows } = await client.query<ModelOff>(
    `SELECT ${COLUMNS} FROM agent_model_off WHERE cleared_at IS NULL ORDER BY since, provider, model`,
  );
  return rows;
}

/** @returns the cleared rows; empty if no such model was off */
export async function clearModels(client: Client, what: ModelsToClear, by: string, why: string): Promise<ModelOff[]> {
  const [condition, name] =
    'model' in what ? ['model = $3', what.model] : ["model = '*' AND provider = $3", what.provider];
  const { rows } = await client.query<ModelOff>(
    `UPDATE agent_model_off SET cleared_at = now(), cleared_by = $1, cleared_why = $2 WHERE cleared_at IS NULL AND ${condition} RETURNING ${COLUMNS}`,
    [by, why, name],
  );
  return rows;
}
