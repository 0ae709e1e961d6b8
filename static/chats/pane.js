// One open chat: its history above, the composer below. Closing it stops everything it does.

import { drawnIn, request, Refused } from '../api.js';
import { startActions } from './actions.js';
import { startCards } from './cards.js';
import { startComposer } from './composer.js';
import { addPhone } from './contacts.js';
import { draftName, keepDraft } from './drafts.js';
import { startDrive } from './drive.js';
import { History } from './history.js';
import { startLater } from './later.js';
import { startSearch } from './search.js';
import { watchLine } from './line.js';
import { changeSpeed, showMedia, showPictures } from './media.js';
import { watchOpenLine } from './openline.js';
import { startReplies } from './replies.js';
import { startVoice } from './voice.js';
import { fit } from '../frame.js';
import { followBeside } from '../waiting/beside.js';

const place = document.getElementById('chat');
const card = document.getElementById('card');
let open = null;

place.addEventListener('click', (event) => {
  const button = event.target.closest('[data-action]');
  if (!button || !open) return;
  if (button.dataset.action === 'refresh') return closeChat(); // and the card hears it
  event.stopPropagation(); // the card has a «try again» of its own
  if (button.dataset.action === 'close-chat') closeChat();
  if (button.dataset.action === 'other-line' && button.dataset.line) changeLine(Number(button.dataset.line));
  if (button.dataset.action === 'retry-history') open.history?.retry();
  if (button.dataset.action === 'retry') openChat(open.wanted);
  if (button.dataset.action === 'add-phone')
    addPhone(button, open.wanted.key, (words) => open?.history?.sayWords(words));
  if (button.dataset.action === 'media') showMedia(button, open.stop.signal);
  if (button.dataset.action === 'speed') changeSpeed(button);
});

place.addEventListener('change', (event) => {
  if (event.target.dataset.action === 'other-line' && event.target.value) changeLine(Number(event.target.value));
});

// What is attached is nowhere else: a key that may have been meant for something else does not
// throw it away.
document.addEventListener('keydown', (event) => {
  const meant = !document.querySelector('dialog[open], :popover-open, #composer-file > *');
  if (event.key === 'Escape' && meant) closeChat();
});

/** Show the chat of one phone; the chat is made if there is none. `line` is the line to write from;
 *  without one a number with a chat keeps its own, and every other gets the `shown` one. `focus` is
 *  the element that gets the focus. */
export async function openChat(wanted) {
  closeChat();
  open = { wanted, stop: new AbortController(), history: null, scrolledTo: window.scrollY };
  const mine = open;
  place.replaceChildren(document.getElementById('chat-skeleton').content.cloneNode(true));
  place.hidden = false;
  card.classList.add('has-chat');
  try {
    const response = await request('/chats', {
      json: { phone: wanted.key, line: wanted.line, shown: wanted.shown },
      signal: mine.stop.signal,
    });
    const drawn = await drawnIn(response, mine.stop.signal);
    if (open !== mine) return;
    draw(drawn);
    markOpened(wanted);
  } catch (error) {
    if (open !== mine) return;
    refuse(error instanceof Refused ? error.html : document.getElementById('no-connection').innerHTML);
    return;
  }
  start(mine, wanted.focus);
}

function closeChat() {
  if (!open) return;
  open.stop.abort();
  const { wanted, scrolledTo } = open;
  const { row, key } = wanted;
  bindRow(open.wanted);
  open = null;
  place.hidden = true;
  place.replaceChildren();
  card.classList.remove('has-chat');
  const back = row?.isConnected ? row : (document.getElementById(`phone-${key}`) ?? document.getElementById(row?.id));
  const opened = back?.querySelector('[data-action="open-chat"], [data-action="read-chat"], [data-waiting-open]');
  (opened ?? document.getElementById('number-write'))?.focus({ preventScroll: true });
  card.dispatchEvent(new Event('chat-closed'));
  returnTo(back, scrolledTo);
}

// The list is where it was left, and the row in sight: only once the frame is as high as the list.
async function returnTo(row, scrolledTo) {
  await fit();
  if (open) return;
  window.scrollTo(0, scrolledTo);
  row?.scrollIntoView({ block: 'nearest' });
}

/** The open chat, for the next question for news: its number's key, its id, and since when
 *  something may be new. */
export function openOne() {
  const chat = place.querySelector('.chat[data-chat]');
  if (!open || !chat) return {};
  return { key: open.wanted.key, chat: Number(chat.dataset.chat), since: open.history?.since() ?? '' };
}

/** What was written in the open chat meanwhile. */
export function takeNews(piece) {
  if (piece) open?.history?.feed(piece);
}

/** The server cannot tell whether there is news: messages are asked for at the gateway. */
export function askTheGateway() {
  if (!open?.history?.fed) return;
  open.history.fed = false;
  open.history.hurry();
}

function start(mine, focus) {
  const chat = place.querySelector('.chat');
  const address = `/chats/${chat.dataset.chat}/messages`;
  mine.history = new History(place.querySelector('#messages'), address, mine.stop.signal, mine.wanted.waiting);
  followBeside(chat, mine.stop.signal);
  startSearch(chat, mine.history, mine.stop.signal);
  showPictures(place.querySelector('#messages'), mine.stop.signal);
  if (chat.querySelector('#composer')) write(mine, chat, address);
  mine.history.start();
  watchOpenLine(chat.querySelector('#open-line'), address.replace(/messages$/, 'open-line'), mine.stop.signal);
  (document.getElementById(focus) ?? document.getElementById('messages')).focus({ preventScroll: true });
  showHead(mine, chat.querySelector('.chat-head'));
}

// In a long card it may be far above; and until the frame is as high as the chat, the portal's page
// moves once more.
async function showHead(mine, head) {
  head.scrollIntoView({ block: 'nearest' });
  await fit();
  if (open === mine) head.scrollIntoView({ block: 'nearest' });
}

function write(mine, chat, address) {
  const text = chat.querySelector('#text');
  const composer = startComposer(chat, address, mine.history, mine.stop.signal);
  startActions(chat, address, mine.history, composer, mine.stop.signal);
  startLater(chat, address.replace(/messages$/, 'later'), composer, mine.history, mine.stop.signal);
  startVoice(chat, composer, mine.stop.signal);
  startCards(chat, address, composer, mine.stop.signal);
  startDrive(chat, address.replace(/messages$/, 'drive'), composer, mine.stop.signal);
  startReplies(chat, address.replace(/messages$/, 'replies'), composer, mine.history, mine.stop.signal);
  const { typed } = mine.wanted;
  if (typed && !text.value) {
    keepDraft(typed.in, '');
    composer.write(typed.text);
  }
  watchLine(chat.querySelector('#chat-line'), address.replace(/messages$/, 'line'), mine.stop.signal);
}

// The same number from another line. What was typed comes along, if the other chat has no draft of
// its own.
function changeLine(line) {
  const text = place.querySelector('#text')?.value;
  const typed = text && { text, in: draftName(place.querySelector('.chat')) };
  openChat({ ...open.wanted, line, typed, focus: 'text' });
}

// Something is written in the chat now: its row opens it on its line, and says so.
function bindRow({ row, key }) {
  const chat = place.querySelector('.chat[data-line]');
  const behind = row?.isConnected ? row : document.getElementById(`phone-${key}`);
  if (!chat?.querySelector('#composer') || !chat.querySelector('.bubble[id]:not(.is-failed)')) return;
  for (const button of behind?.querySelectorAll('.phone-actions [data-key]') ?? [])
    button.dataset.line = chat.dataset.line;
  const said = chat.querySelector('#row-line')?.content.cloneNode(true);
  const details = behind?.querySelector('.phone-more');
  const before = details?.querySelector('.known-by');
  if (!said || !details || before?.querySelector('.known-line')?.textContent === said.textContent.trim()) return;
  before?.remove();
  details.querySelector('.phone-verbs').before(said);
}

// The chat exists now: the row behind it has its buttons without another request.
function markOpened({ row, key }) {
  const actions = (row?.isConnected ? row : document.getElementById(`phone-${key}`))?.querySelector('.phone-actions');
  const drawn = place.querySelector('#row-actions');
  if (drawn) actions?.querySelector('.phone-open')?.replaceWith(drawn.content.cloneNode(true));
}

function draw(text) {
  place.replaceChildren(fragment(text));
}

// What went wrong takes the place of the messages; the way back stays.
function refuse(text) {
  place.querySelector('.skeleton').replaceWith(fragment(text));
  (place.querySelector('[data-action="retry"]') ?? place.querySelector('[data-action="close-chat"]')).focus();
}

function fragment(text) {
  const holder = document.createElement('template');
  holder.innerHTML = text;
  return holder.content;
}
