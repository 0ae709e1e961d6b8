// The page's parts as tabs: one is shown, arrow keys go from one to the next. Without this script
// all would be shown.

import { send } from './send.js';

const list = document.getElementById('tabs');
const tabs = list ? [...list.querySelectorAll('[role="tab"]')] : [];

/** Start with the tab that the server chose. */
export function startTabs() {
  list?.addEventListener('click', (event) => show(event.target.closest('[role="tab"]')));
  list?.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs.at((tabs.indexOf(document.activeElement) + step) % tabs.length);
    next.focus();
    show(next);
  });
}

/** Show the tab in which this element is. */
export function showTabOf(element) {
  const panel = element.closest('[role="tabpanel"]');
  if (panel?.hidden) show(document.getElementById(panel.getAttribute('aria-labelledby')));
}

function show(chosen) {
  if (!chosen) return;
  for (const tab of tabs) {
    tab.setAttribute('aria-selected', String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    document.getElementById(tab.getAttribute('aria-controls')).hidden = tab !== chosen;
  }
}

/** What needs attention is said above every tab, with the way to it. */
export function showProblems() {
  const banner = document.getElementById('problems');
  const broken = document.querySelectorAll('#health [data-verdict="bad"]').length;
  if (!banner) return;
  banner.hidden = !broken;
  banner.querySelector('#problems-sum').textContent =
    document.querySelector('#health .health-sum')?.textContent.trim() ?? '';
}

/** Lead from the banner to the list of what needs attention. */
export function showHealth() {
  const health = document.getElementById('health');
  showTabOf(health);
  health.scrollIntoView({ block: 'nearest' });
}

/** Do what can be done without a question: what Bitrix24 lacks, and the webhooks of each line. One
 *  after the other, as each draws the list anew. */
export async function mendAll(button) {
  showHealth();
  const repair = '/app/health/repair';
  if (document.querySelector(`#health [data-post="${repair}"]`)) await send(repair, {}, button);
  const lines = [...document.querySelectorAll('#health [id^="fix-reports-"]')].map(({ dataset }) => dataset.partOf);
  for (const part of lines) {
    const setUp = document.getElementById(`${part}-set-up`);
    if (setUp) await send(setUp.dataset.post, {}, button);
  }
  await send('/app/health', {}, button);
  showProblems();
}
