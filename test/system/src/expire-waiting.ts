import { Client } from 'pg';

/**
 * Makes every waiting message expire now if it was accepted at least `afterSeconds` ago. The gateway then ends the message as expired.
 */
export async function expireWaiting(databaseUrl: string, afterSeconds = 0): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `WITH waiting AS (
         UPDATE delivery_job AS job SET expires_at = now(), next_attempt_at = least(next_attempt_at, now())
         FROM message WHERE message.id = job.message_id
           AND accepted_at <= now() - $1 * interval '1 second' AND job.expires_at > now()
         RETURNING job.message_id)
       UPDATE message SET expires_at = now() FROM waiting WHERE id = waiting.message_id`,
      [afterSeconds],
    );
  } finally {
    await client.end();
  }
}
