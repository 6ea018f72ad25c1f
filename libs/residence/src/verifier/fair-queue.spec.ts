import { FairQueue } from './fair-queue';

const drained = (queue: FairQueue<string>): string[] => {
  const jobs: string[] = [];
  for (let job = queue.next(); job !== undefined; job = queue.next()) jobs.push(job);
  return jobs;
};

it('serves one source in the order of its jobs', () => {
  const queue = new FairQueue<string>(10);
  for (const job of ['1', '2', '3']) queue.add('a', job);
  expect(drained(queue)).toEqual(['1', '2', '3']);
  expect(queue.length).toBe(0);
});

it('serves a single job of another source after at most one job of each source that sent a flood', () => {
  const queue = new FairQueue<string>(100);
  for (let at = 0; at < 40; at++) queue.add('flood', `f${String(at)}`);
  for (let at = 0; at < 40; at++) queue.add('flood 2', `g${String(at)}`);
  queue.add('person', 'p');
  expect(drained(queue).indexOf('p')).toBe(2);
});

it('drops the youngest job of the source with the most jobs when it is full', () => {
  const queue = new FairQueue<string>(3);
  for (const job of ['f1', 'f2', 'f3']) expect(queue.add('flood', job)).toBeUndefined();
  expect(queue.add('person', 'p')).toBe('f3');
  expect(queue.length).toBe(3);
  expect(drained(queue)).toEqual(['f1', 'p', 'f2']);
});

it('drops the added job if no source has more jobs', () => {
  const queue = new FairQueue<string>(2);
  queue.add('a', 'a1');
  queue.add('b', 'b1');
  expect(queue.add('c', 'c1')).toBe('c1');
  expect(queue.add('a', 'a2')).toBe('a2');
  expect(drained(queue)).toEqual(['a1', 'b1']);
});

it('keeps no job if its limit is 0', () => {
  const queue = new FairQueue<string>(0);
  expect(queue.add('a', 'a1')).toBe('a1');
  expect(queue.next()).toBeUndefined();
});
