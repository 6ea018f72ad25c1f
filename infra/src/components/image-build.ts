import { Project } from '@pulumi/aws/codebuild/project.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { all, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import type { Architecture } from '../instances/instance-types';
import type { Place } from '../names';
import { trust } from '@communique-tee/key-policies';
import { imageBuildPolicy } from '../policies/service-roles';
import { BUILDS_PREFIX } from './image-store';
import { Part, policyText } from './part';

export interface ImageBuildArgs {
  place: Place;
  architecture: Architecture;
  repositoryUrl: string;
  /** The commit that is built: what the builder was told is then in the project, not in whoever starts it. */
  commit: string;
  bucketId: Input<string>;
  bucketArn: Input<string>;
  logGroup: { name: string; arn: Input<string> };
  registry: { arn: Input<string>; url: Input<string> };
}

/** The same `npm run image -- build`, in the account, on the architecture of the parent (the same bytes as anywhere), and the gateway's container. */
const BUILDSPEC = `version: 0.2
phases:
  install:
    commands:
      - git checkout --detach "$COMMIT"
      - test "$(git rev-parse HEAD)" = "$COMMIT"
      - npm ci
      - aws ecr get-login-password | docker login --username AWS --password-stdin "${'$'}{REPOSITORY%%/*}"
  build:
    commands:
      - docker manifest inspect "$REPOSITORY:$COMMIT" >/dev/null 2>&1 || docker build --file docker/Dockerfile.gateway --target gateway --tag "$REPOSITORY:$COMMIT" .
      - npm run image -- build --stack "$STACK" --arch "$ARCHITECTURE" --out "$CODEBUILD_SRC_DIR/out"
  post_build:
    commands:
      - test "$CODEBUILD_BUILD_SUCCEEDING" = 1
      - docker manifest inspect "$REPOSITORY:$COMMIT" >/dev/null 2>&1 || docker push "$REPOSITORY:$COMMIT"
      - for file in communique-tee.eif measurements.json sbom.cdx.json; do aws s3api put-object --bucket "$BUCKET" --key "$PREFIX$COMMIT/$STACK-$ARCHITECTURE/$file" --body "out/$file" --server-side-encryption AES256; done
`;

/** A build project in the account; started by hand or by CI, never by the program. */
export class ImageBuild extends Part {
  readonly projectName: Output<string>;

  constructor(name: string, args: ImageBuildArgs, options: ComponentResourceOptions) {
    super('ImageBuild', name, options);
    const { place, logGroup } = args;
    const role = new Role(
      name,
      { name, assumeRolePolicy: JSON.stringify(trust('codebuild.amazonaws.com', place.accountId)) },
      this.child(),
    );
    const permissions = all([args.bucketArn, args.registry.arn]).apply(([bucketArn, repositoryArn]) =>
      imageBuildPolicy(place, { logGroup: logGroup.name, bucketArn, prefix: BUILDS_PREFIX, repositoryArn }),
    );
    const rolePolicy = new RolePolicy(name, { role: role.id, policy: policyText(permissions) }, this.child());
    const variables = {
      STACK: place.stack,
      ARCHITECTURE: args.architecture,
      COMMIT: args.commit,
      BUCKET: args.bucketId,
      PREFIX: BUILDS_PREFIX,
      REPOSITORY: args.registry.url,
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
          type: args.architecture === 'arm64' ? 'ARM_CONTAINER' : 'LINUX_CONTAINER',
          computeType: 'BUILD_GENERAL1_LARGE',
          image:
            args.architecture === 'arm64'
              ? 'aws/codebuild/amazonlinux-aarch64-standard:3.0'
              : 'aws/codebuild/amazonlinux-x86_64-standard:5.0',
          privilegedMode: true, // Docker's daemon inside the build asks for it
          environmentVariables: Object.entries(variables).map(([variable, value]) => ({ name: variable, value })),
        },
        source: { type: 'GITHUB', location: args.repositoryUrl, gitCloneDepth: 0, buildspec: BUILDSPEC },
        logsConfig: { cloudwatchLogs: { groupName: logGroup.name, status: 'ENABLED' } },
        tags: { Name: name },
      },
      this.child({ dependsOn: rolePolicy }),
    );
    this.projectName = project.name;
    this.registerOutputs({});
  }
}
