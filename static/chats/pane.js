// One open chat: its history above, the composer below. Closing it stops everything it does.

import { request, Refused } from '../api.js';
import { startActions } from './actions.js';
import { startComposer } from './composer.js';
import { History } from './history.js';
import { showMedia } from './media.js';

const place = document.getElementById('chat');
const card = document.getElementById('card');
let open = null;

place.addEventListener('click', (event) => {
  const button = event.target.closest('[data-action]');
  if (!button || !open) return;
  event.stopPropagation(); // the card has a «try again» of its own
  if (button.dataset.action === 'close-chat') closeChat();
  if (button.dataset.action === 'retry-history') open.history?.retry();
  if (button.dataset.action === 'retry') openChat(open.wanted);
  if (button.dataset.action === 'media') showMedia(button, open.stop.signal);
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !document.querySelector('dialog[open], :popover-open')) closeChat();
});

/** Show the chat of one phone; the chat is made if there is none. `focus` is the element that gets the focus. */
export async function openChat(wanted) {
  closeChat();
  open = { wanted, stop: new AbortController(), history: null };
  const mine = open;
  place.replaceChildren(document.getElementById('chat-skeleton').content.cloneNode(true));
  place.hidden = false;
  card.classList.add('has-chat');
  try {
    const response = await request('/chats', { json: { phone: wanted.key, line: wanted.line }, signal: mine.stop.signal });
    const drawn = await response.text();
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

export function closeChat() {
  if (!open) return;
  open.stop.abort();
  const { row, key } = open.wanted;
  open = null;
  place.hidden = true;
  place.replaceChildren();
  card.classList.remove('has-chat');
  const back = row?.isConnected ? row : document.getElementById(`phone-${key}`);
  back?.querySelector('[data-action="open-chat"]')?.focus();
}

function start(mine, focus) {
  const chat = place.querySelector('.chat');
  const address = `/chats/${chat.dataset.chat}/messages`;
  mine.history = new History(place.querySelector('#messages'), address, mine.stop.signal);
  const composer = startComposer(chat, address, mine.history, mine.stop.signal);
  startActions(chat, address, mine.history, composer, mine.stop.signal);
  mine.history.start();
  document.getElementById(focus)?.focus();
}

// The chat exists now: the row behind it has its buttons without another request.
function markOpened({ row, key }) {
  const actions = (row?.isConnected ? row : document.getElementById(`phone-${key}`))?.querySelector('.phone-actions');
  const drawn = place.querySelector('#row-actions');
  if (drawn) actions?.replaceChildren(drawn.content.cloneNode(true));
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
