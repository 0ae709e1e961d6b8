// One open chat: its history above, the composer below. Closing it stops everything it does.

import { request, Refused } from '../api.js';
import { startComposer } from './composer.js';
import { History } from './history.js';
import { showMedia } from './media.js';

const place = document.getElementById('chat');
const card = document.getElementById('card');
let open = null;

place.addEventListener('click', (event) => {
  const button = event.target.closest('[data-action]');
  if (!button || !open) return;
  if (button.dataset.action === 'close-chat') closeChat();
  if (button.dataset.action === 'retry-history') open.history?.retry();
  if (button.dataset.action === 'retry') openChat(open.wanted);
  if (button.dataset.action === 'media') showMedia(button, open.stop.signal);
});

place.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') closeChat();
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
    draw(await response.text());
  } catch (error) {
    if (open !== mine) return;
    draw(error instanceof Refused ? error.html : document.getElementById('no-connection').innerHTML);
    return;
  }
  if (open !== mine) return;
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
  markOpened(back);
  back?.querySelector('[data-action="open-chat"]')?.focus();
}

function start(mine, focus) {
  const chat = place.querySelector('.chat');
  const address = `/chats/${chat.dataset.chat}/messages`;
  mine.history = new History(place.querySelector('#messages'), address, mine.stop.signal);
  startComposer(chat, address, mine.history, mine.stop.signal);
  mine.history.start();
  document.getElementById(focus)?.focus();
}

// The chat exists now: the row's button says «open» without another request.
function markOpened(row) {
  const button = row?.querySelector('[data-action="open-chat"]');
  const drawn = document.getElementById('opened-button');
  if (button && drawn && !row.querySelector('[data-action="write"]')) button.innerHTML = drawn.innerHTML;
}

function draw(text) {
  const holder = document.createElement('template');
  holder.innerHTML = text;
  place.replaceChildren(holder.content);
}
