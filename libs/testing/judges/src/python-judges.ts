/** A tool from PyPI that judges this system, pinned with all it needs by `locks/<name>.txt`. */
export interface PythonJudge {
  readonly name: string;
  /** Another version generates other requests, knows other checks, or has other models. */
  readonly version: string;
}

export const JUDGES = {
  /** Drives the gateway from its OpenAPI. */
  schemathesis: { name: 'schemathesis', version: '4.32.5' },
  /** An AWS emulator, with the two packages that its server needs beside it. */
  moto: { name: 'moto', version: '5.2.5' },
  /** AWS's own command line, with which the commands that we tell operators are run. Version 2 is not on PyPI. */
  awscli: { name: 'awscli', version: '1.46.3' },
  /** AWS's own API models: its package's folder `data`. */
  botocore: { name: 'botocore', version: '1.44.8' },
} as const satisfies Record<string, PythonJudge>;
