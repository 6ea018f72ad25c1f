import { AwsError, UsageError, type AwsCommand } from './aws-command';

const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';
const SECRET = 'aws:secretsmanager/secret:Secret';

/** The AWS commands of docs/operator/destroying.md. */
export const ENDED: Readonly<Record<string, AwsCommand>> = {
  'logs describe-log-groups': {
    options: {},
    run: (_given, { world }) => ({ logGroups: world.ofType(LOG_GROUP).map(({ id }) => ({ logGroupName: id })) }),
  },
  'logs delete-log-group': {
    options: { 'log-group-name': 'one' },
    run(given, account) {
      const name = given.one('log-group-name');
      if (account.world.find(LOG_GROUP, name) === undefined)
        throw new AwsError('ResourceNotFoundException: The specified log group does not exist.');
      account.delete(LOG_GROUP, name);
    },
  },
  'logs put-log-group-deletion-protection': {
    options: {
      'log-group-identifier': 'one',
      'deletion-protection-enabled': 'flag',
      'no-deletion-protection-enabled': 'flag',
    },
    run(given, { world }) {
      const group = world.find(LOG_GROUP, given.one('log-group-identifier'));
      if (group === undefined) throw new AwsError('ResourceNotFoundException: The specified log group does not exist.');
      const deletionProtectionEnabled = given.has('deletion-protection-enabled');
      world.put({ ...group, inputs: { ...group.inputs, deletionProtectionEnabled } });
    },
  },
  'secretsmanager list-secrets': {
    options: { 'include-planned-deletion': 'flag', filters: 'many' },
    run(given, { world }) {
      const prefixes = given.many('filters').map((text) => {
        const [, prefix] = /^Key=name,Values=(.+)$/.exec(text) ?? [];
        if (prefix === undefined) throw new UsageError(`Error parsing parameter '--filters': ${text}`);
        return prefix;
      });
      const found = world.all.filter(
        ({ type, inputs, deleted }) =>
          type === SECRET &&
          (deleted !== true || given.has('include-planned-deletion')) &&
          prefixes.every((prefix) => String(inputs['name']).startsWith(prefix)),
      );
      return { SecretList: found.map(({ inputs }) => ({ Name: inputs['name'] })) };
    },
  },
  'secretsmanager delete-secret': {
    options: { 'secret-id': 'one', 'force-delete-without-recovery': 'flag' },
    run(given, { world }) {
      const id = given.one('secret-id');
      const secret = world.all.find((thing) => thing.type === SECRET && [thing.id, thing.inputs['name']].includes(id));
      if (secret === undefined) throw new AwsError('ResourceNotFoundException: Secrets Manager can’t find the secret.');
      if (given.has('force-delete-without-recovery')) world.remove(SECRET, secret.id);
      else world.put({ ...secret, deleted: true });
      return { Name: secret.inputs['name'] };
    },
  },
};
