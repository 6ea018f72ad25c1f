import * as z from 'zod';
import { cliErrorCode } from '../../preflight/aws/cli-error';
import { failed, parseJson, readAnswer } from '../read-answer';
import { notReached, proved, refuted, type Step } from '../step';

const events = z.object({ events: z.array(z.object({ message: z.string() })) });
const judged = z.object({
  trusted: z.boolean(),
  code: z
    .string()
    .regex(/^[A-Z_]{1,64}$/)
    .optional(),
  attestation: z.object({ key_binding: z.object({ custody: z.string() }).optional() }).optional(),
});
const ready = z.object({ keys: z.enum(['ready', 'waiting', 'unknown']) });
/** If the clock is wrong by this much or more, init logs a warning. */
const MOST_CLOCK_MS = 5000;

const log = (event: string): string =>
  `aws logs filter-log-events --log-group-name "/communique-tee/$STACK/enclave" --filter-pattern '{ $.event = "${event}" }' --output json`;

/** Steps that check the image on a real Nitro machine, its attestation, and KMS’s conditions. */
export const enclave: readonly Step[] = [
  {
    name: 'boot',
    shows: 'the image boots on Nitro, and its log comes over vsock',
    assumption:
      'No Graviton instance has booted the image: loader, interrupts and the clock’s driver have so far run only under QEMU.',
    command: log('clock'),
    expected: 'an event clock, in which rtc names the driver of the machine’s clock, such as rtc-pl031',
    again: { everySeconds: 30, forMinutes: 3 },
    needs: ['INSTANCE'],
    judge: (ended) =>
      readAnswer(ended, 'logs:FilterLogEvents', events, ({ events: [event] }) => {
        if (event === undefined) return notReached('no such event in the log yet');
        const rtc = /"rtc":"([a-z0-9 ._-]{1,40})"/.exec(event.message)?.[1] ?? 'unknown';
        const source = /"clocksource":"([a-z0-9 ._-]{1,40})"/.exec(event.message)?.[1] ?? 'unknown';
        return rtc === 'none' || rtc === 'unknown'
          ? refuted(`the image boots, but the kernel found no real-time clock (rtc ${rtc}, clocksource ${source})`)
          : proved(`the image boots; rtc ${rtc}, clocksource ${source}`);
      }),
  },
  {
    name: 'clock',
    shows: 'the machine’s clock is right before init sets it',
    assumption: 'An enclave was reported to drift 6 s a week; init’s events have never been logged on Nitro.',
    command: log('clock_checked'),
    expected: 'in each event a differenceMs between -5000 and 5000',
    needs: ['INSTANCE'],
    judge: (ended) =>
      readAnswer(ended, 'logs:FilterLogEvents', events, ({ events: found }) => {
        const differences = found.flatMap(({ message }) => /"differenceMs":(-?\d{1,15})/.exec(message)?.[1] ?? []);
        if (differences.length === 0) return notReached('no such event in the log yet');
        const most = Math.max(...differences.map((text) => Math.abs(Number(text))));
        const text = `at most ${String(most)} ms off, ${String(differences.length)} readings`;
        return most < MOST_CLOCK_MS ? proved(text) : refuted(text);
      }),
  },
  {
    name: 'attested',
    shows: 'anyone can verify the enclave by AWS’s root, the image’s PCR0 and the role’s PCR3',
    assumption:
      'No document of a real NSM with our key binding has been seen. PCR3 was calculated from the role’s ARN and never compared with a real one.',
    command:
      'mkdir -p dist/first-hour && npm run -s ops -- policy --stack "$STACK" --account "$ACCOUNT" > dist/first-hour/policy.json && node tools/cli/bin.mjs verify --gateway "https://$DOMAIN" --policy dist/first-hour/policy.json --json',
    expected: '"trusted": true',
    needs: ['ACCOUNT', 'INSTANCE'],
    judge: ({ stdout, ...ended }) => {
      const answer = judged.safeParse(parseJson(stdout));
      if (!answer.success)
        return notReached(`no attestation document came (exit code ${String(ended.code ?? 'none')})`);
      const { trusted, code, attestation } = answer.data;
      if (!trusted) return refuted(`refused: ${code ?? 'no code'}`);
      const custody = attestation?.key_binding?.custody === 'process' ? 'process' : 'kms';
      return proved(`trusted; custody ${custody}`, { CUSTODY: custody });
    },
  },
  {
    name: 'kms-opens',
    shows: 'KMS gives keys to the attested enclave',
    assumption:
      'Conditions on attestation have only been tested against a simulator. With custody process the enclave asks KMS for nothing.',
    command: 'curl -sS --max-time 20 "https://$DOMAIN/health/ready"',
    expected: '"keys":"ready", with custody kms',
    needs: ['CUSTODY'],
    judge: (ended, { CUSTODY: custody }) => {
      if (custody !== 'kms')
        return notReached('custody is process: build the image with custody kms to reach this step');
      return readAnswer(ended, 'health', ready, ({ keys }) =>
        keys === 'ready' ? proved('keys are ready') : refuted(`keys are ${keys}`),
      );
    },
  },
  {
    name: 'kms-refuses',
    shows: 'KMS opens nothing for a person, an administrator included',
    assumption:
      'The policy’s Deny for requests without attestation has only been tested against a policy engine and a simulator.',
    command:
      'CONTEXT=$(jq -nc --arg stack "$STACK" \'{"communique-tee:purpose": "operator-secret", "communique-tee:stack": $stack, "communique-tee:secret": "first-hour"}\') && BLOB=$(aws kms encrypt --key-id "alias/communique-tee-$STACK-operator" --plaintext fileb://<(printf first-hour) --encryption-context "$CONTEXT" --query CiphertextBlob --output text) && aws kms decrypt --ciphertext-blob fileb://<(base64 -d <<<"$BLOB") --encryption-context "$CONTEXT" --output json',
    expected: 'AccessDeniedException when calling the Decrypt operation',
    needs: ['INSTANCE'],
    judge: (ended) => {
      if (ended.code === 0) return refuted('KMS decrypted it for a person');
      return /\bDecrypt operation/.test(ended.stderr) && cliErrorCode(ended.stderr) === 'AccessDeniedException'
        ? proved('encrypted, and refused to decrypt')
        : failed(ended, 'kms:Encrypt');
    },
  },
];
