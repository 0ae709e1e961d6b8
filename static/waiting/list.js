// The list of those who wait: filtered, kept true, and each of its chats one press away.

import { begin, drawnIn, request } from '../api.js';
import { openChat } from '../chats/pane.js';
import { complain, fragment, noticeOf, redraw, send } from '../admin/send.js';
import { ask } from '../bridge.js';
import { isChoosing } from '../focus.js';

const EVERY = 20_000;
const HIDDEN_EVERY = 60_000; // only the dot in the title is seen of it then
const PATIENCE = 15 * 60_000; // the user may be choosing
const page = document.getElementById('card');
const drawn = new WeakMap(); // the list, and the server's text of it
let asked = 0;
let timer;
let seen = waitingNow(); // the chats that were there when the user looked at the list

/** Follow the list as long as the page is open. */
export function followWaiting() {
  document.addEventListener('visibilitychange', () => {
    tellOfNews();
    later();
  });
  document.getElementById('tabs').addEventListener('click', tellOfNews);
  document.getElementById('sections').addEventListener('change', (event) => {
    const { waitingFilter } = event.target.dataset;
    if (waitingFilter) look({ ...wanted(), [waitingFilter]: chosenIn(event.target) });
  });
  document.getElementById('sections').addEventListener('click', (event) => {
    const button = event.target.closest('[data-waiting-open]');
    if (button) openWaiting(button).catch((error) => complain(button, noticeOf(error)));
    const attached = event.target.closest('[data-waiting-attach]');
    if (attached) attach(attached);
  });
  later();
}

/** The chat of one who waits, in the usual pane. Rejects where the server refuses it. */
export async function openWaiting(button) {
  const headers = { 'X-Opening': page.dataset.opening };
  const response = await request(button.dataset.waitingOpen, { json: {}, headers });
  const { opening, key, line } = fragment(await response.text()).firstElementChild.dataset;
  begin(opening); // so that a session which is renewed later still knows the chat
  await openChat({ key, line: Number(line), focus: 'text', row: button.closest('li') });
  document.getElementById('chat').scrollIntoView({ block: 'nearest' });
  const { waitingLater } = button.dataset; // a message that is to be changed
  if (waitingLater) document.querySelector(`#later-${waitingLater} [data-later-do="edit"]`)?.click();
}

// Bitrix24's own dialog names the card: {contact: {0: {id: "C_12"}}}.
async function attach(button) {
  const entityType = ['contact', 'company', 'lead'];
  const chosen = await ask('selectCRM', { entityType, multiple: false }, PATIENCE);
  for (const kind of entityType) {
    const [card] = Object.values(chosen?.[kind] ?? {});
    if (card) await send(button.dataset.waitingAttach, { ...wanted(), kind, id: numberOf(card.id) }, button);
  }
}

function numberOf(id) {
  return Number(String(id).split('_').at(-1));
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(look, document.hidden ? HIDDEN_EVERY : EVERY);
}

async function look(json = wanted()) {
  if (document.querySelector('#waiting[data-waiting]')) await draw(json);
  later();
}

// The same again is left alone, and so is an open list of choices. What was asked before another
// filter was chosen, or before a press, is old.
async function draw(json) {
  asked += 1;
  const mine = asked;
  const place = document.getElementById('waiting');
  try {
    const text = await drawnIn(await request('/app/waiting', { json }));
    if (mine !== asked || !place.isConnected || text === drawn.get(place) || isChoosing(place)) return;
    redraw(text);
    drawn.set(document.getElementById('waiting'), text);
    tellOfNews();
  } catch {
    // What is shown stays; the next look is in a moment.
  }
}

/** A dot in the tab of the list, and in the page's title where Bitrix24 lets a page name itself
 *  (not in a card's tab), as long as a client waits who was not in sight in the list yet. */
export function tellOfNews() {
  const now = waitingNow();
  const inSight = !document.hidden && !document.getElementById('panel-write').hidden;
  if (inSight) seen = now;
  const news = [...now].some((chat) => !seen.has(chat));
  const tab = document.getElementById('tab-write');
  if (tab.classList.contains('has-news') === news) return;
  tab.classList.toggle('has-news', news);
  tab.querySelector('.tab-news').hidden = !news;
  ask('setTitle', { title: news ? `● ${document.title}` : document.title });
}

function waitingNow() {
  const shown = [...document.querySelectorAll('[data-waiting-chat], [data-asks]')];
  return new Set(shown.map(({ id }) => id));
}

function wanted() {
  return JSON.parse(document.getElementById('waiting')?.dataset.waiting ?? '{}');
}

function chosenIn(select) {
  if (select.dataset.waitingFilter === 'owner') return select.value;
  return select.value ? Number(select.value) : null;
}
