import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { awsCommand } from '../aws/command';
import { awsCode, explainAws } from '../aws/explain';
import { fail, notYet, pass, warn, type Check, type Context, type Finding } from '../check';

export const keys: Check = {
  name: 'kms-keys',
  title: 'the stack’s two KMS keys are enabled, or not made yet',
  group: 'aws',
  network: true,
  needs: ['account'],
  run: (context) =>
    Promise.all(['enclave', 'operator'].map((key) => look(context, `alias/communique-tee-${context.stack}-${key}`))),
};

async function look(context: Context, alias: string): Promise<Finding> {
  try {
    const { KeyMetadata: key } = await context
      .aws()
      .kms.send(new DescribeKeyCommand({ KeyId: alias }), { abortSignal: context.signal });
    if (key?.KeyState === 'PendingDeletion')
      return fail(
        `${alias} is waiting to be deleted: everything encrypted under it would be lost`,
        'cancel the deletion; the key is then disabled, so enable it',
        `${onKey(context, 'kms cancel-key-deletion', key.KeyId ?? alias)} && ${onKey(context, 'kms enable-key', key.KeyId ?? alias)}`,
      );
    if (key?.Enabled !== true)
      return fail(
        `${alias} is not enabled`,
        'find out who disabled it and why, then enable it',
        onKey(context, 'kms enable-key', key?.KeyId ?? alias),
      );
    return pass(`${alias} is enabled`);
  } catch (error) {
    if (awsCode(error) === 'NotFoundException')
      return context.before === 'up'
        ? pass(`${alias}: not made yet, pulumi up will`)
        : notYet(context, `there is no ${alias}`, 'pulumi up makes it');
    const explained = explainAws(error, 'kms:DescribeKey');
    // Not a failure, because the key's policy may allow DescribeKey only to the key's administrators.
    return explained.status === 'fail' && explained.found.startsWith('not allowed')
      ? warn(`${alias}: ${explained.found}`, explained.todo ?? '')
      : explained;
  }
}

const onKey = ({ region }: Context, action: string, keyId: string): string =>
  awsCommand(region, action, '--key-id', keyId);
