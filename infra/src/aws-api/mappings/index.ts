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

/** The mappings by resource type. A test fails if a type that the program makes is missing. */
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
