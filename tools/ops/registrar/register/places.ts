import { TREE_PLACES } from '@communique-tee/residence';
import { RegistrarError } from '../registrar-error';

/** The number of leaves in one static file. Clients fetch whole files. */
export const LEAVES_PER_FILE = 1024;
const MAX_FILES = TREE_PLACES / LEAVES_PER_FILE;
/** When this share of the places in the opened files is taken, `draw` opens another file. */
const FULL = 0.9;

/** A uniform whole number from 0 to below the bound. */
export type RandomBelow = (bound: number) => number;

/**
 * The free places in the opened files. A draw takes the same time however many places there are. If places came from the whole tree, 3,000
 * people would be spread over all 1,024 files, about three in each. The host of the files could then tell people by the file that they fetch.
 */
export class Places {
  private readonly free: number[] = [];
  private taken = 0;

  constructor(
    taken: ReadonlySet<number>,
    /** The number of opened files, which grows as places are drawn. */
    public files: number,
    private readonly randomBelow: RandomBelow,
  ) {
    this.offer(0, taken);
    this.taken = files * LEAVES_PER_FILE - this.free.length;
  }

  /** Takes a random free place. @throws RegistrarError `ERR_REGISTRAR_STATE` if the tree is full */
  draw(): number {
    while (this.files < MAX_FILES && this.taken >= this.files * LEAVES_PER_FILE * FULL) {
      this.files += 1;
      this.offer(this.files - 1, new Set());
    }
    const last = this.free.pop();
    if (last === undefined) throw new RegistrarError('ERR_REGISTRAR_STATE', 'the tree is full: 1,048,576 places');
    this.taken += 1;
    const at = this.randomBelow(this.free.length + 1);
    const drawn = this.free[at];
    if (drawn === undefined) return last;
    this.free[at] = last;
    return drawn;
  }

  private offer(firstFile: number, taken: ReadonlySet<number>): void {
    for (let index = firstFile * LEAVES_PER_FILE; index < this.files * LEAVES_PER_FILE; index++)
      if (!taken.has(index)) this.free.push(index);
  }
}
