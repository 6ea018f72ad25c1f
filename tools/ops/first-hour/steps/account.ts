import * as z from 'zod';
import { readAnswer } from '../read-answer';
import { notReached, proved, refuted, type Step } from '../step';

const HOURS_A_MONTH = 730;
const MOST_USD = 2;

const identity = z.object({ Account: z.string().regex(/^\d{12}$/), Arn: z.string() });
const preflight = z.object({
  fail: z.number().int(),
  warn: z.number().int(),
  checks: z.array(z.object({ check: z.string(), status: z.string(), found: z.string() })),
});
const cost = z.object({ items: z.array(z.object({ item: z.string(), monthlyUsd: z.string().optional() })) });

/** Steps before anything is made. */
export const account: readonly Step[] = [
  {
    name: 'account',
    shows: 'the AWS CLI reaches a real account',
    assumption: 'These commands have only been tested against an emulator of AWS.',
    command: 'aws sts get-caller-identity --output json',
    expected: 'an account of twelve digits, and a role or user',
    ends: true,
    judge: (ended) =>
      readAnswer(ended, 'sts:GetCallerIdentity', identity, ({ Account, Arn }) =>
        proved(`signed in as a ${Arn.includes(':assumed-role/') ? 'role' : 'user'}`, { ACCOUNT: Account }),
      ),
  },
  {
    name: 'preflight',
    shows: 'every check of preflight understands what AWS answers',
    assumption:
      'Preflight expects answers about quotas, zones, types, images and buckets in the form that AWS documents; it has never read a real one.',
    command: 'npm run -s ops -- preflight --stack "$STACK" --json --timeout 60',
    expected: 'no check fails; warnings are for you to judge',
    ends: true,
    judge: (ended) => {
      const { stdout } = ended;
      return readAnswer(
        { ...ended, code: stdout === '' ? ended.code : 0 },
        'preflight',
        preflight,
        ({ fail, warn, checks }) => {
          const odd = checks.filter(({ found }) => /gave an unexpected answer|the check itself went wrong/.test(found));
          if (odd.length > 0) return refuted(`not understood: ${odd.map(({ check }) => check).join(', ')}`);
          if (fail > 0)
            return notReached(
              `correct these first: ${[...new Set(checks.filter(({ status }) => status === 'fail').map(({ check }) => check))].join(', ')}`,
            );
          return proved(`no failure, ${String(warn)} warnings`);
        },
      );
    },
  },
  {
    name: 'price',
    shows: 'the price table puts the hour at 2 dollars or less',
    assumption:
      'The prices were copied from AWS’s list. Write the price down, and compare it with the bill of the next days.',
    command: 'npm run -s ops -- cost --stack "$STACK" --json',
    expected: 'a 730th of the month’s price, and at most 2 dollars an hour',
    judge: (ended) =>
      readAnswer(ended, 'cost', cost, ({ items }) => {
        const hour = items.reduce((sum, { monthlyUsd = '0' }) => sum + Number(monthlyUsd), 0) / HOURS_A_MONTH;
        const text = `${hour.toFixed(2)} dollars an hour, without what is paid by use`;
        return Number.isFinite(hour) && hour <= MOST_USD ? proved(text) : refuted(text);
      }),
  },
];
