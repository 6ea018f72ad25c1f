import { attack } from '@communique-tee/lab';

const HOUR_MS = 3600_000;

export default attack({
  title:
    'opens nothing sealed to a per-process key more than 8 days and an hour ago, and delivers a legacy message once in that time',
  enclave: { legacySuite: true, deduplicates: false },
  processOnly: true,
  async run(parent) {
    const [early, late] = [await parent.seal({ offices: ['HCA12'] }), await parent.seal({ offices: ['SCA01'] })];
    const legacy = await parent.sealLegacy();
    await parent.relay(early);
    await parent.relay(legacy);
    const delivered = parent.congress.received().length;
    // The enclave learns the new time from the next document of its NSM
    const turnTo = async (hours: number) => {
      parent.time.offsetMs = hours * HOUR_MS;
      await parent.attestation(new Uint8Array(32));
    };
    await turnTo(7 * 24 + 2);
    await parent.relay(legacy);
    parent.expect('the legacy message is not delivered again', parent.congress.received().length, delivered);

    await turnTo(8 * 24 + 2);
    for (const message of [early.sealed, late.sealed, legacy]) {
      const { code } = await parent.relay(message);
      parent.expect('the old message is not opened', ['key_retired', 'keys_not_ready'].includes(String(code)));
    }
    parent.expect('Congress got no further copy', parent.congress.received().length, delivered);
  },
});
