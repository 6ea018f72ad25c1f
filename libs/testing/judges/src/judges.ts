interface Pinned {
  readonly name: string;
  /** The exact version, because judges change their requests, checks or models. */
  readonly version: string;
}

/** A judge from PyPI. `locks/<name>.txt` pins it and its dependencies. */
export interface PythonJudge extends Pinned {
  readonly registry: 'pypi';
}

/** A judge from npm. `locks/<name>.lock.json` pins it and its dependencies. */
export interface NpmJudge extends Pinned {
  readonly registry: 'npm';
  readonly package: string;
  /** The program's path in the package's folder. */
  readonly program: string;
}

export type Judge = PythonJudge | NpmJudge;

export const JUDGES = {
  /** Generates requests from the OpenAPI document, and sends them to the gateway. */
  schemathesis: { registry: 'pypi', name: 'schemathesis', version: '4.32.5' },
  /** An AWS emulator, including its server and CloudFormation. */
  moto: { registry: 'pypi', name: 'moto', version: '5.2.5' },
  /** AWS's own CLI, for the commands in our operators' documents. PyPI has only version 1. */
  awscli: { registry: 'pypi', name: 'awscli', version: '1.46.3' },
  /** AWS's own API models, in the package's folder `data`. */
  botocore: { registry: 'pypi', name: 'botocore', version: '1.44.8' },
  /** Lints CloudFormation templates against AWS's own schemas of resources. */
  'cfn-lint': { registry: 'pypi', name: 'cfn-lint', version: '1.58.0' },
  /** Lints the OpenAPI document. */
  redocly: {
    registry: 'npm',
    name: 'redocly',
    version: '2.77.0',
    package: '@redocly/cli',
    program: 'bin/cli.js',
  },
  /** Lints the OpenAPI document with the rules of @stoplight/spectral-rulesets 1.23.1. */
  spectral: {
    registry: 'npm',
    name: 'spectral',
    version: '6.16.3',
    package: '@stoplight/spectral-cli',
    program: 'dist/index.js',
  },
} as const satisfies Record<string, Judge>;
