// Beside an open chat: who answers it, since when its client waits, and whether a colleague writes
// just now.

import { drawnIn, request, Refused } from '../api.js';
import { confirmed } from '../dialog.js';
import { composerOf, isChoosing, keepFocus } from '../focus.js';

const EVERY = 5_000;
const WRITES_EVERY = 4_000;

/** Keep it true until the chat closes, and tell the others that this rep writes. */
export function followBeside(chat, signal) {
  let place = chat.querySelector('#beside');
  if (!place) return;
  let etag = '';
  let timer;
  let saidAt = 0;

  chat.addEventListener('click', press, { signal });
  chat.addEventListener('change', choose, { signal });
  chat.querySelector('#text')?.addEventListener('input', sayWriting, { signal });
  document.addEventListener('visibilitychange', later, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  later();

  function later() {
    clearTimeout(timer);
    if (!document.hidden && !signal.aborted) timer = setTimeout(look, EVERY);
  }

  async function look() {
    try {
      const response = await request(place.dataset.beside, { signal, headers: etag ? { 'If-None-Match': etag } : {} });
      if (response.status !== 304) {
        etag = response.headers.get('ETag') ?? '';
        take(await drawnIn(response, signal));
      }
    } catch {
      // The messages say what is wrong with the server or the network.
    }
    later();
  }

  function press(event) {
    const button = event.target.closest('[data-beside-post]');
    if (button) post(button.dataset.besidePost, JSON.parse(button.dataset.json ?? '{}'));
    const tick = event.target.closest('[data-trail]');
    if (tick) showTrail(tick);
  }

  function choose(event) {
    const select = event.target.closest('[data-beside-choose]');
    if (select) post(select.dataset.besideChoose, select.value ? { user: Number(select.value) } : {});
  }

  async function post(path, json) {
    try {
      const response = await request(path, { json, signal });
      take(await drawnIn(response, signal));
    } catch (error) {
      if (!(error instanceof Refused) || error.message !== 'confirm') return later();
      if (await confirmed('question', fragment(error.html))) return post(path, { ...json, confirmed: true });
    }
    return later();
  }

  async function showTrail(tick) {
    const bubble = tick.closest('.bubble');
    const known = bubble.querySelector('.trail');
    if (known) return known.remove();
    const address = `/chats/${chat.dataset.chat}/messages/${tick.dataset.trail}/trail`;
    try {
      bubble.append(fragment(await (await request(address, { signal })).text()));
    } catch {
      // It can be pressed again.
    }
  }

  function sayWriting(event) {
    if (!event.target.value || Date.now() - saidAt < WRITES_EVERY) return;
    saidAt = Date.now();
    request(`/chats/${chat.dataset.chat}/writing`, { json: { on: true }, signal }).catch(() => {});
  }

  // The same again is left alone: it was read out already. So is a choice that the user has not
  // made yet: the next look brings the news again.
  function take(text) {
    const drawn = fragment(text);
    const more = drawn.querySelector('details');
    if (more && place.querySelector('details[open]')) more.open = true;
    if (drawn.outerHTML === place.outerHTML) return;
    if (isChoosing(place)) {
      etag = '';
      return;
    }
    keepFocus(() => place.replaceWith(drawn), { otherwise: () => composerOf(chat) });
    place = drawn;
  }
}

function fragment(text) {
  const holder = document.createElement('template');
  holder.innerHTML = text.trim();
  return holder.content.firstElementChild;
}
