import { residentOf } from './touched-memory';

const smaps = `7f00-7f01 rw-p 00000000 00:00 0
Size:                132 kB
KernelPageSize:        4 kB
Rss:                  32 kB
Pss:                  32 kB
7f10-7f30 rw-s 00000000 00:01 1046                       /memfd:memory-backend-memfd (deleted)
Size:             524288 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:              307200 kB
Pss:              153600 kB
`;

it('reads the resident size of the mapping that is as large as the machine’s memory', () => {
  expect(residentOf(smaps, 512)).toBe(300);
});

it('returns undefined if there is no such mapping', () => {
  expect(residentOf(smaps, 256)).toBeUndefined();
});
