// Who answers the open chat in its open line of Bitrix24, and what may be done about it there.

import { drawnIn, request } from '../api.js';
import { ask, isFramed } from '../bridge.js';
import { composerOf, keepFocus } from '../focus.js';

/** Keep the strip at `place` true; its buttons ask the server. */
export function watchOpenLine(place, address, signal) {
  if (!place) return;
  const chat = place.closest('.chat');
  let said = place;

  place.parentElement.addEventListener(
    'click',
    (event) => {
      const button = event.target.closest('[data-open-line-do]');
      if (!button || (button.href && !isFramed)) return; // outside of a portal the link itself leads there
      event.preventDefault();
      send(button.dataset.openLineDo);
    },
    { signal },
  );
  place.parentElement.addEventListener(
    'change',
    (event) => {
      const chosen = event.target.closest('[data-open-line-to]');
      if (chosen?.value) send('give', Number(chosen.value));
    },
    { signal },
  );
  send('look');

  async function send(deed, user) {
    try {
      const drawn = await done(address, { do: deed, user }, signal);
      keepFocus(() => said.replaceWith(drawn), { otherwise: () => composerOf(chat) });
      said = drawn;
      if (drawn.dataset.dialog) ask('imOpenMessenger', { dialogId: drawn.dataset.dialog });
    } catch {
      // The messages say what is wrong with the server or the network.
    }
  }
}

/** Open the chat in Bitrix24's messenger: in the portal around us, else in a new tab. Its reader
 *  joins it first. */
export async function openThere(address) {
  const drawn = await done(address, { do: 'join' });
  if (isFramed) ask('imOpenMessenger', { dialogId: drawn.dataset.dialog });
  else window.open(drawn.querySelector('a').href, '_blank', 'noopener');
}

/** The strip as the server draws it after a deed. */
async function done(address, json, signal) {
  const response = await request(address, { json, signal });
  const holder = document.createElement('template');
  holder.innerHTML = (await drawnIn(response, signal)).trim();
  return holder.content.firstElementChild;
}
