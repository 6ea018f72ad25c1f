interface Pinned {
  readonly name: string;
  /** Another version generates other requests, knows other checks, or has other models. */
  readonly version: string;
}

/** A tool from PyPI that judges this system, pinned with all it needs by `locks/<name>.txt`. */
export interface PythonJudge extends Pinned {
  readonly registry: 'pypi';
}

/** The same from npm, pinned by `locks/<name>.lock.json`. */
export interface NpmJudge extends Pinned {
  readonly registry: 'npm';
  readonly package: string;
  /** Its program, below the folder of its package. */
  readonly program: string;
}

export type Judge = PythonJudge | NpmJudge;

export const JUDGES = {
  /** Drives the gateway from its OpenAPI. */
  schemathesis: { registry: 'pypi', name: 'schemathesis', version: '4.32.5' },
  /** An AWS emulator, with the packages that its server and its CloudFormation need beside it. */
  moto: { registry: 'pypi', name: 'moto', version: '5.2.5' },
  /** AWS's own command line, with which the commands that we tell operators are run. Version 2 is not on PyPI. */
  awscli: { registry: 'pypi', name: 'awscli', version: '1.46.3' },
  /** AWS's own API models: its package's folder `data`. */
  botocore: { registry: 'pypi', name: 'botocore', version: '1.44.8' },
  /** Lints CloudFormation templates by AWS's own schemas of resources. */
  'cfn-lint': { registry: 'pypi', name: 'cfn-lint', version: '1.58.0' },
  /** Lints the OpenAPI document. */
  redocly: {
    registry: 'npm',
    name: 'redocly',
    version: '2.77.0',
    package: '@redocly/cli',
    program: 'bin/cli.js',
  },
  /** Lints the OpenAPI document by other rules: those of @stoplight/spectral-rulesets 1.23.1. */
  spectral: {
    registry: 'npm',
    name: 'spectral',
    version: '6.16.3',
    package: '@stoplight/spectral-cli',
    program: 'dist/index.js',
  },
} as const satisfies Record<string, Judge>;
