import { byId, el, replaceContent } from '../elements';
import { clock } from '../format';
import { ask } from './ask';
import { adminCharts, publicCharts } from './charts';
import { EMPTY, type History, joined, readHistory } from './history';

const INTERVAL_MS = 10_000;
/** What may stand in a header (RFC 6750 section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]{1,8192}=*$/;

let health: History = EMPTY;
let admin: History = EMPTY;
/** In memory alone. */
let token: string | undefined;
let looking = false;

byId('no-script').hidden = true;
byId('app').hidden = false;
byId('admin-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = byId('admin-token') as HTMLInputElement;
  const given = input.value.trim();
  if (!TOKEN.test(given)) {
    byId('admin-note').textContent = 'Paste a token.';
    input.focus();
    return;
  }
  token = given;
  admin = EMPTY;
  void lookAtAdmin();
});
document.addEventListener('visibilitychange', () => {
  void look();
});
setInterval(() => {
  void look();
}, INTERVAL_MS);
void look();

async function look(): Promise<void> {
  if (looking || document.visibilityState === 'hidden') return;
  looking = true;
  try {
    await Promise.all([lookAtHealth(), lookAtAdmin()]);
  } finally {
    looking = false;
  }
}

async function lookAtHealth(): Promise<void> {
  const [now, past] = await Promise.all([
    ask('/api/health/tee'),
    ask(`/api/health/history?since=${String(health.at.at(-1) ?? 0)}`),
  ]);
  if (past.ok) health = joined(health, readHistory(past.body));
  showNow(now);
  if (past.ok) showCharts('public-charts', health.at.length === 0 ? [] : publicCharts(health));
}

async function lookAtAdmin(): Promise<void> {
  if (token === undefined) return;
  const past = await ask(`/api/admin/history?since=${String(admin.at.at(-1) ?? 0)}`, token);
  byId('admin-note').textContent = past.ok
    ? `As of ${clock(Date.now())} UTC. The token is in this page’s memory alone.`
    : past.why;
  if (!past.ok) {
    if (past.status === 401 || past.status === 403) {
      token = undefined;
      replaceContent(byId('admin-charts'));
    }
    return;
  }
  (byId('admin-token') as HTMLInputElement).value = '';
  admin = joined(admin, readHistory(past.body));
  showCharts('admin-charts', admin.at.length === 0 ? [] : adminCharts(admin));
}

function showNow(now: Awaited<ReturnType<typeof ask>>): void {
  const verdict = byId('now');
  if (!now.ok) {
    verdict.dataset['state'] = 'failed';
    replaceContent(
      verdict,
      el('p', { class: 'verdict-title' }, now.why),
      el('p', {}, 'The charts show what was known before.'),
    );
    return;
  }
  const details =
    (now.body as { details?: Record<string, { status?: unknown; code?: unknown } | undefined> } | null)?.details ?? {};
  const bad = Object.entries(details).filter(([, each]) => each?.status !== 'up');
  const state = now.status === 200 ? (bad.length === 0 ? 'passed' : 'open') : 'failed';
  const title = { passed: 'Everything is up', open: 'Degraded', failed: 'Something is down' }[state];
  const changed = verdict.dataset['state'] !== state || verdict.querySelectorAll('li').length !== bad.length;
  // Read out when it changes, not every ten seconds
  if (changed) {
    verdict.dataset['state'] = state;
    replaceContent(
      verdict,
      el('p', { class: 'verdict-title' }, title),
      bad.length > 0 &&
        el(
          'ul',
          { class: 'plain' },
          ...bad.map(([name, each]) =>
            el(
              'li',
              {},
              `${name}: ${typeof each?.status === 'string' ? each.status : 'unknown'}`,
              typeof each?.code === 'string' && el('code', {}, ` ${each.code}`),
            ),
          ),
        ),
    );
  }
  byId('as-of').textContent = `As of ${clock(Date.now())} UTC, every ten seconds while this page is in front.`;
}

/** Redrawn with what is open left open, and the focus where it was. */
function showCharts(id: string, charts: readonly HTMLElement[]): void {
  const into = byId(id);
  const open = [...into.querySelectorAll('details')].map((each) => each.open);
  const focused = [...into.querySelectorAll<HTMLElement>('summary, [tabindex]')].findIndex(
    (each) => each === document.activeElement,
  );
  replaceContent(
    into,
    ...(charts.length === 0
      ? [el('p', { class: 'hint' }, 'No samples yet. The first comes within ten seconds.')]
      : charts),
  );
  for (const [index, each] of [...into.querySelectorAll('details')].entries()) each.open = open[index] ?? false;
  if (focused >= 0)
    [...into.querySelectorAll<HTMLElement>('summary, [tabindex]')][focused]?.focus({ preventScroll: true });
}
