import type { ParentSettings } from '../../parent/src';
import { exampleParent } from '../config/check-parent';
import { parseSettings } from '../config/parse-settings';
import { notBuilt } from '../config/stand-ins';
import { stackConfig } from '../preview/stack-config';

/** The image and release that a stack's parent runs instead of the made-up ones. */
export interface Runs {
  readonly image?: { readonly pcr0: string; readonly sha384: string };
  readonly release?: { readonly sha256: string };
  readonly routes?: ParentSettings['egress'];
}

/**
 * Returns the settings of a stack's parent from the committed Pulumi.<stack>.yaml. The values that AWS would choose are made up.
 * @throws ConfigError
 */
export function parentOfStack(root: string, stack: string, { image, release, routes }: Runs = {}): ParentSettings {
  const { values } = stackConfig(root, stack, []);
  const settings = parseSettings(stack, values, {
    root,
    standIn: (architecture) => {
      const made = notBuilt(architecture);
      return {
        image: { ...made.image, ...image, ...(routes && { routes }) },
        release: { ...made.release, ...release },
      };
    },
  });
  return exampleParent(settings);
}
