import { Project } from '@pulumi/aws/codebuild/project.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { all, interpolate, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import type { EnclaveConfiguration } from '../config/enclave-configuration';
import type { Architecture } from '../instances/instance-types';
import type { Place } from '../names';
import { trust } from '@communique-tee/key-policies';
import { imageBuildPolicy } from '../policies/service-roles';
import { BUILDS_PREFIX, CONFIGURATIONS_PREFIX, StoreObject, type ImageStore } from './image-store';
import { Part, policyText } from './part';

export interface ImageBuildArgs {
  place: Place;
  architecture: Architecture;
  repositoryUrl: string;
  /** The commit to build. It is a variable of the project, so a build can be started without naming a commit. */
  commit: string;
  /** The archive of Debian, and optionally that of Debian's security team. */
  debianMirror: readonly string[];
  /** Undefined only in a preview. */
  configuration: EnclaveConfiguration | undefined;
  store: ImageStore;
  logGroup: { name: string; arn: Input<string> };
  registry: { arn: Input<string>; url: Input<string> };
}

/** The files that a build publishes. The image comes first, so that measurements are never published without it. */
const PUBLISHED = ['communique-tee.eif', 'measurements.json', 'sbom.cdx.json'];

/**
 * Builds the enclave's image and the gateway's container. The build always runs on x86-64, because the build roots are amd64 and the arm64
 * image is cross-compiled. It runs on Ubuntu, because Amazon Linux has no apt and dpkg-deb. The enclave's configuration is not in git, so
 * the build fetches it from the store by its hash.
 */
const BUILDSPEC = `version: 0.2
phases:
  install:
    runtime-versions:
      nodejs: 20
    commands:
      - git checkout --detach "$COMMIT"
      - test "$(git rev-parse HEAD)" = "$COMMIT"
      - npm ci
  build:
    commands:
      - aws s3api get-object --bucket "$BUCKET" --key "$CONFIGURATION" "apps/enclave/config/$STACK.json"
      - echo "$CONFIGURATION_SHA256  apps/enclave/config/$STACK.json" | sha256sum --check --strict
      - npm run image -- build --stack "$STACK" --arch "$ARCHITECTURE" --out out
${PUBLISHED.map((file) => `      - aws s3api put-object --bucket "$BUCKET" --key "\${PUBLISHES}${file}" --body "out/${file}" --server-side-encryption AES256`).join('\n')}
  post_build:
    commands:
      - test "$CODEBUILD_BUILD_SUCCEEDING" = 1
      - sh docker/publish-gateway.sh "$REPOSITORY:$COMMIT"
`;

/** A CodeBuild project. A person or a pipeline starts the builds; this program never does. */
export class ImageBuild extends Part {
  readonly projectName: Output<string>;
  /** The `s3://` folder to which a build publishes the image, its measurements and its bill of materials. */
  readonly publishes: Output<string>;

  constructor(name: string, args: ImageBuildArgs, options: ComponentResourceOptions) {
    super('ImageBuild', name, options);
    const { place, logGroup, configuration, store } = args;
    const sha256 = configuration?.sha256 ?? '0f'.repeat(32);
    const configurationKey = `${CONFIGURATIONS_PREFIX}sha256/${sha256}.json`;
    const configurationObject = new StoreObject(
      `${name}-configuration`,
      {
        bucketId: store.bucketId,
        key: configurationKey,
        content: { file: configuration?.file },
        settled: store.settled,
      },
      { parent: this },
    );
    const role = new Role(
      name,
      { name, assumeRolePolicy: JSON.stringify(trust('codebuild.amazonaws.com', place.accountId)) },
      this.child(),
    );
    const permissions = all([store.bucketArn, args.registry.arn]).apply(([bucketArn, repositoryArn]) =>
      imageBuildPolicy(place, {
        logGroup: logGroup.name,
        bucketArn,
        prefix: BUILDS_PREFIX,
        configurationKey,
        repositoryArn,
      }),
    );
    const rolePolicy = new RolePolicy(name, { name, role: role.id, policy: policyText(permissions) }, this.child());
    const [mirror = '', securityMirror] = args.debianMirror;
    const publishes = `${BUILDS_PREFIX}${args.commit}/${place.stack}-${args.architecture}/`;
    const variables = {
      STACK: place.stack,
      ARCHITECTURE: args.architecture,
      COMMIT: args.commit,
      BUCKET: store.bucketId,
      PUBLISHES: publishes,
      CONFIGURATION: configurationKey,
      CONFIGURATION_SHA256: sha256,
      REPOSITORY: args.registry.url,
      COMMUNIQUE_DEBIAN_MIRROR: mirror,
      ...(securityMirror !== undefined && { COMMUNIQUE_DEBIAN_SECURITY_MIRROR: securityMirror }),
    };
    const project = new Project(
      name,
      {
        name,
        description: 'Builds the enclave image and publishes it with its measurements',
        serviceRole: role.arn,
        buildTimeout: 60,
        artifacts: { type: 'NO_ARTIFACTS' },
        environment: {
          type: 'LINUX_CONTAINER',
          computeType: 'BUILD_GENERAL1_LARGE',
          image: 'aws/codebuild/standard:7.0',
          privilegedMode: true, // for chroot and mounts in the build root, and for Docker's daemon
          environmentVariables: Object.entries(variables).map(([variable, value]) => ({ name: variable, value })),
        },
        source: { type: 'GITHUB', location: args.repositoryUrl, gitCloneDepth: 0, buildspec: BUILDSPEC },
        logsConfig: { cloudwatchLogs: { groupName: logGroup.name, status: 'ENABLED' } },
        tags: { Name: name },
      },
      this.child({ dependsOn: [rolePolicy, configurationObject] }),
    );
    this.projectName = project.name;
    this.publishes = interpolate`s3://${store.bucketId}/${publishes}`;
    this.registerOutputs({});
  }
}
