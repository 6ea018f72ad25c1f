const HOURS = 24;
const STEPS_PER_HOUR = 60;
const STEPS = HOURS * STEPS_PER_HOUR;

/**
 * The campaign sends an e-mail to all supporters, and a reminder to those who did not act. `share`: the part of the day's messages that an
 * e-mail brings.
 */
const MAILS = [
  { atHour: 10, share: 0.6 },
  { atHour: 17, share: 0.25 },
] as const;
/** Messages after an e-mail rise within minutes, and then fall over hours. */
const RISE_HOURS = 0.25;
const FALL_HOURS = 2.5;
/** The hour with the fewest messages that no e-mail brought. The most of these come twelve hours later. */
const QUIETEST_HOUR = 4;

/** The part of the day before the first e-mail, from 0 to 1. */
export const FIRST_MAIL_SHARE_OF_DAY = MAILS[0].atHour / HOURS;

/**
 * Returns when each message of a campaign's day is sent, in ascending order, with the day compressed into `totalMs`.
 */
export function arrivalTimes(messages: number, totalMs: number): Float64Array {
  const sums = cumulated();
  const times = new Float64Array(messages);
  for (let message = 0, step = 0; message < messages; message++) {
    const share = (message + 0.5) / messages;
    while ((sums[step + 1] ?? 1) < share) step++;
    const [from = 0, to = 1] = [sums[step], sums[step + 1]];
    times[message] = ((step + (share - from) / (to - from)) / STEPS) * totalMs;
  }
  return times;
}

/** Returns the rate in the day's busiest minute divided by the day's mean rate. */
export function peakToMeanRatio(): number {
  const sums = cumulated();
  let peak = 0;
  for (let step = 0; step < STEPS; step++) peak = Math.max(peak, (sums[step + 1] ?? 1) - (sums[step] ?? 0));
  return peak * STEPS;
}

/** Returns the share of the day's messages that was sent before each step, from 0 to 1. */
function cumulated(): Float64Array {
  const ofMail = MAILS.map(({ atHour }) => shares((hour) => afterMail(hour - atHour)));
  const byThemselves = shares((hour) => 1 - Math.cos(((hour - QUIETEST_HOUR) / HOURS) * 2 * Math.PI));
  const rest = 1 - MAILS.reduce((sum, { share }) => sum + share, 0);
  const sums = new Float64Array(STEPS + 1);
  for (let step = 0; step < STEPS; step++) {
    const ofMails = MAILS.reduce((sum, { share }, at) => sum + share * (ofMail[at]?.[step] ?? 0), 0);
    sums[step + 1] = (sums[step] ?? 0) + ofMails + rest * (byThemselves[step] ?? 0);
  }
  return sums;
}

function afterMail(hours: number): number {
  return hours < 0 ? 0 : (1 - Math.exp(-hours / RISE_HOURS)) * Math.exp(-hours / FALL_HOURS);
}

/** Returns each step's share of the density. The shares add up to 1. */
function shares(density: (hour: number) => number): Float64Array {
  const values = Float64Array.from({ length: STEPS }, (_, step) => density((step + 0.5) / STEPS_PER_HOUR));
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}
