import type { Mappings } from '../mapping';

/** CodeBuild. */
export const build: Mappings = {
  'aws:codebuild/project:Project': {
    call: 'codebuild:CreateProject',
    source: 'codebuild/project.go',
    members: { buildTimeout: 'timeoutInMinutes' },
    tags: 'tags',
  },
};
