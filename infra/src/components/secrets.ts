import { Secret } from '@pulumi/aws/secretsmanager/secret.js';
import { SecretVersion } from '@pulumi/aws/secretsmanager/secretVersion.js';
import { secret, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import { secretName } from '../names';
import { Part } from './part';
import { writeOnlyVersion } from './write-only-version';

export interface SecretsArgs {
  stack: string;
  /**
   * Values that the Pulumi program knows. Their inputs are write-only: AWS's provider never returns them. Pulumi's state still contains them,
   * encrypted, as inputs and as configuration (pulumi-terraform-bridge, issue 3201).
   */
  known: Readonly<Record<string, { description: string; value: string }>>;
  /** Descriptions of the secrets whose values the operator stores (`aws secretsmanager put-secret-value`). */
  byOperator: Readonly<Record<string, string>>;
  /** Descriptions of the secrets whose values the parent stores. */
  byParent: Readonly<Record<string, string>>;
  production: boolean;
}

/** The secrets that the parent fetches when it starts. A secret of the enclave is ciphertext that only an attested enclave can open. */
export class Secrets extends Part {
  readonly arns: Readonly<Record<string, Output<string>>>;

  constructor(name: string, args: SecretsArgs, options: ComponentResourceOptions) {
    super('Secrets', name, options);
    const arns: Record<string, Output<string>> = {};
    const make = (path: string, description: string, kept: boolean): Secret => {
      const made = new Secret(
        `${name}-${path.replaceAll('/', '-')}`,
        {
          name: secretName(args.stack, path),
          description,
          // A deleted secret keeps its name while it can be recovered. Without recovery, the stack can be made again at once.
          recoveryWindowInDays: kept ? 30 : 0,
          tags: { Name: secretName(args.stack, path) },
        },
        this.child(),
      );
      arns[path] = made.arn;
      return made;
    };
    for (const [path, { description, value }] of Object.entries(args.known)) {
      // No recovery: the configuration has the value, and the name must be free if a managed Redis is removed and made again.
      const made = make(path, description, false);
      new SecretVersion(
        `${name}-${path.replaceAll('/', '-')}`,
        { secretId: made.id, secretStringWo: secret(value), secretStringWoVersion: writeOnlyVersion(value) },
        this.child({ additionalSecretOutputs: ['secretString', 'secretStringWo'] }),
      );
    }
    for (const [path, description] of Object.entries(args.byOperator)) make(path, description, args.production);
    // No recovery: a certificate can be issued again, and the name must be free after a balancer was added and removed.
    for (const [path, description] of Object.entries(args.byParent)) make(path, description, false);
    this.arns = arns;
    this.registerOutputs({});
  }
}
