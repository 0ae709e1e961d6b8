// Who answers the open chat in its open line of Bitrix24, and what may be done about it there.

import { request } from '../api.js';
import { ask, isFramed } from '../bridge.js';

/** Keep the strip at `place` true; its buttons ask the server. */
export function watchOpenLine(place, address, signal) {
  if (!place) return;
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
  send('look');

  async function send(deed) {
    try {
      const response = await request(address, { json: { do: deed }, signal });
      const holder = document.createElement('template');
      holder.innerHTML = (await response.text()).trim();
      const drawn = holder.content.firstElementChild;
      said.replaceWith(drawn);
      said = drawn;
      if (drawn.dataset.dialog) ask('imOpenMessenger', { dialogId: drawn.dataset.dialog });
    } catch {
      // The messages say what is wrong with the server or the network.
    }
  }
}
