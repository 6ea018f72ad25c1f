import type { Architecture } from '../instances/instance-types';

/** Amazon's own parameters, naming the newest image of Amazon Linux 2023. */
export const AMAZON_LINUX: Readonly<Record<Architecture, string>> = {
  arm64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
  x86_64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64',
};
