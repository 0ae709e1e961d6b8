// The app's own page. Every form and button is a small request of its own; the server draws what
// has changed.

import { begin, beginSession } from '../api.js';
import { startClocks, tick } from '../card/clock.js';
import { fit, followHeight } from '../frame.js';
import { followLinks } from '../portal.js';
import { accessActions } from './access.js';
import { followKind } from './kinds.js';
import { writeTo } from './number.js';
import { showPart } from './parts.js';
import { pairingCode, showCode, stopLooking } from './qr.js';
import { replyActions } from './replies.js';
import { waitForReports } from './reports.js';
import { jsonOf, send } from './send.js';
import { mendAll, showHealth, showProblems, showTabOf, startTabs } from './tabs.js';
import { localTimes } from './times.js';
import { followKeys } from '../waiting/keys.js';
import { followWaiting, tellOfNews } from '../waiting/list.js';

const SOON = [2000, 4000, 8000];
const page = document.getElementById('card');
const sections = document.getElementById('sections');

begin(page.dataset.opening);
beginSession(page.dataset.session);
followHeight();
followLinks();
startClocks(page);
startTabs();
localTimes(page);
followWaiting();
followKeys();
showPlace(document.getElementById(page.dataset.place));
askForTheRest();

const ACTIONS = {
  qr: (button) => showCode(button, askForTheRest),
  pairing: (button) => pairingCode(button, askForTheRest),
  part: showPart,
  problems: showHealth,
  'mend-all': mendAll,
  ...accessActions,
  ...replyActions,
};

sections.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.dataset.write) await writeTo(form);
  else await send(form.dataset.save, jsonOf(form), form);
  tick(page);
  askForTheRest();
});

sections.addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.action) await ACTIONS[button.dataset.action]?.(button);
  else if (button.dataset.post) await send(button.dataset.post, JSON.parse(button.dataset.json ?? '{}'), button);
  else if (button.dataset.try) await send(button.dataset.try, jsonOf(button.form), button);
  else return;
  askForTheRest();
});

sections.addEventListener('change', (event) => {
  if (event.target.matches('[data-kinds]')) followKind(event.target);
});

// The page was opened for one of its sections, or for one line in them.
async function showPlace(place) {
  if (!place) return;
  showTabOf(place);
  await fit(); // until then there is nowhere to scroll to
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: 'start' });
}

// What takes other people's servers a moment: the lines' states and the health list.
function askForTheRest() {
  stopLooking();
  waitForReports();
  goOn();
  showProblems();
  for (const load of document.querySelectorAll('[data-load]')) {
    const path = load.dataset.load;
    delete load.dataset.load;
    send(path, {}, load).then(showProblems).then(tellOfNews);
  }
  if (claim('.line-now[data-pending]')) states('/app/lines/states', 'lines-section');
  if (claim('#my-lines[data-pending]')) states('/app/mine/states', 'my-lines');
}

// A line that was added or linked on this page is set up without another press: its gateway is
// tested, and told where to report.
function goOn() {
  for (const line of document.querySelectorAll('.line-item[data-fresh]')) {
    const pending = line.querySelector('.line-now[data-pending]');
    const set = line.querySelector('[data-auto]');
    if (pending) {
      delete pending.dataset.pending;
      send(line.querySelector('[id$="-test"]').dataset.post, {}, pending).then(askForTheRest);
    } else if (set) {
      const path = set.dataset.auto;
      delete line.dataset.fresh; // once
      send(path, {}, set).then(askForTheRest);
    }
  }
}

// A line that was not heard of yet is asked behind our request: its state is there in a moment.
async function states(path, id, tries = 0) {
  if (tries && document.querySelector('.qr img:not([hidden]), .pairing-code')) return; // a code is being scanned
  await send(path, {}, document.getElementById(id));
  const waits = document.querySelector(`#${id} .line-not_yet`);
  if (waits && tries < SOON.length) setTimeout(states, SOON[tries], path, id, tries + 1);
}

function claim(selector) {
  const found = document.querySelectorAll(selector);
  for (const place of found) delete place.dataset.pending;
  return found.length > 0;
}
