import * as z from 'zod';
import { failed, readAnswer } from '../read-answer';
import { notReached, proved, refuted, type Step } from '../step';
import { endedWell } from './deployment';

const subscriptions = z.object({
  Subscriptions: z.array(z.object({ TopicArn: z.string(), SubscriptionArn: z.string() })),
});
const metrics = z.object({ Metrics: z.array(z.object({ MetricName: z.string() })) });

/** Steps that check what leaves the stack: name, certificate, mail and metrics. */
export const outside: readonly Step[] = [
  {
    name: 'dns',
    shows: 'the name leads to the address',
    assumption: 'No test can look into your DNS zone.',
    command: 'dig +short A "$DOMAIN"',
    expected: 'one address: the one that the step “address” found',
    needs: ['ADDRESS'],
    judge: (ended, { ADDRESS: address }) => {
      if (ended.code !== 0) return failed(ended, 'dig');
      const found = ended.stdout
        .trim()
        .split('\n')
        .filter((line) => /^[\d.]+$/.test(line));
      if (found.length === 0) return notReached('the name does not resolve yet; make the A record');
      return found.length === 1 && found[0] === address
        ? proved('to the stack’s address')
        : refuted('to another address');
    },
  },
  {
    name: 'certificate',
    shows: 'Let’s Encrypt issued a certificate to nginx on the parent',
    assumption: 'certbot has only been tested against Let’s Encrypt’s own test server.',
    command: 'curl -sS --max-time 20 -o /dev/null -w "%{http_code}" "https://$DOMAIN/health"',
    expected: '200, and no complaint about the certificate',
    again: { everySeconds: 60, forMinutes: 5 },
    needs: ['ADDRESS'],
    judge: ({ code, stdout }) => {
      if (code === 0)
        return stdout.trim() === '200'
          ? proved('200, under a public authority')
          : refuted('the server answered, but not with 200');
      // curl(1): exit code 60 means that no known authority signed the certificate.
      return notReached(code === 60 ? 'clients do not accept the certificate yet' : 'not reachable');
    },
  },
  {
    name: 'subscription',
    shows: 'the alarms’ topic has a confirmed subscriber',
    assumption: 'No one has yet received SNS’s first mail and clicked the link in it.',
    command: 'aws sns list-subscriptions --output json',
    expected: 'a subscription of communique-tee-<stack>-alarms that is not PendingConfirmation',
    needs: ['INSTANCE'],
    judge: (ended) =>
      readAnswer(ended, 'sns:ListSubscriptions', subscriptions, ({ Subscriptions: all }) => {
        const ours = all.filter(({ TopicArn: topic }) => /:communique-tee-[a-z0-9-]+-alarms$/.test(topic));
        if (ours.length === 0) return refuted('the topic has no subscription');
        return ours.every(({ SubscriptionArn: arn }) => arn.startsWith('arn:'))
          ? proved('confirmed')
          : notReached('not confirmed: follow the link in the mail, and run this again');
      }),
  },
  {
    name: 'alarm-mail',
    shows: 'CloudWatch’s alarm arrives by mail through the encrypted topic',
    assumption: 'By AWS’s documents, the policies of topic and key let CloudWatch publish; AWS has not yet shown it.',
    command:
      'aws cloudwatch set-alarm-state --alarm-name "$(aws cloudwatch describe-alarms --alarm-name-prefix "communique-tee-$STACK-" --query \'MetricAlarms[0].AlarmName\' --output text)" --state-value ALARM --state-reason first-hour',
    expected: 'a mail within two minutes',
    changes: 'puts one alarm into the state ALARM until its next evaluation, which sends a mail',
    question: 'Has a mail of this alarm arrived?',
    needs: ['INSTANCE'],
    judge: endedWell('cloudwatch:SetAlarmState', 'the mail arrived'),
  },
  {
    name: 'key-watch',
    shows: 'a changed key policy is reported by mail',
    assumption:
      'EventBridge’s match on CloudTrail’s events of KMS, and its right to publish to an encrypted topic, are taken from AWS’s documents.',
    command:
      'POLICY=$(aws kms get-key-policy --key-id "$(aws kms describe-key --key-id "alias/communique-tee-$STACK-operator" --query KeyMetadata.KeyId --output text)" --policy-name default --output text) && aws kms put-key-policy --key-id "$(aws kms describe-key --key-id "alias/communique-tee-$STACK-operator" --query KeyMetadata.KeyId --output text)" --policy-name default --policy "$POLICY"',
    expected: 'a mail within 15 minutes. It needs a CloudTrail of management events in the region',
    changes: 'writes the operator key’s policy again, as it is',
    question: 'Has a mail about a changed key arrived?',
    needs: ['INSTANCE'],
    judge: endedWell('kms:PutKeyPolicy', 'the mail arrived'),
  },
  {
    name: 'metrics',
    shows: 'the gateway’s figures reach CloudWatch',
    assumption: 'CloudWatch’s agent has not yet read the gateway’s Prometheus metrics in a real account.',
    command: 'aws cloudwatch list-metrics --namespace CommuniqueTee --output json',
    expected: 'metrics of the namespace CommuniqueTee',
    again: { everySeconds: 60, forMinutes: 5 },
    needs: ['INSTANCE'],
    judge: (ended) =>
      readAnswer(ended, 'cloudwatch:ListMetrics', metrics, ({ Metrics: found }) =>
        found.length === 0
          ? notReached('no metric yet')
          : proved(`${String(new Set(found.map(({ MetricName: name }) => name)).size)} metrics`),
      ),
  },
];
