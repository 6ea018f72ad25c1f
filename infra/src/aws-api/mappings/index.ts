import type { Mappings } from '../mapping';
import { build } from './build';
import { data } from './data';
import { entrance } from './entrance';
import { files } from './files';
import { network } from './network';
import { parents } from './parents';
import { rights } from './rights';
import { storage } from './storage';
import { watch } from './watch';

/** By resource type; one that the program makes and that is missing here fails the test. */
export const MAPPINGS: Mappings = {
  ...network,
  ...parents,
  ...data,
  ...storage,
  ...rights,
  ...entrance,
  ...watch,
  ...build,
  ...files,
};
