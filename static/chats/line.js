// What is to be said of an open chat's line: that it is not connected, with the way to another one.
// Looked at when the chat opens and after a send that was refused, and again as long as there is
// something to say.

import { drawnIn, request } from '../api.js';
import { composerOf, keepFocus } from '../focus.js';

const EVERY = 10_000;

/** Keep what is said of the line true, in `place`. The composer asks for a look with a
 *  «line-changed» event. */
export function watchLine(place, address, signal) {
  const form = document.getElementById('composer');
  const button = form.querySelector('[type="submit"]');
  let said = place;
  let timer;

  form.addEventListener('line-changed', look, { signal });
  document.addEventListener(
    'visibilitychange',
    () => {
      if (said.childElementCount) look();
    },
    { signal },
  );
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  if ('blocked' in said.dataset) form.dataset.blocked = '';
  look();

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const response = await request(address, { signal });
      const holder = document.createElement('template');
      holder.innerHTML = (await drawnIn(response, signal)).trim();
      take(holder.content.firstElementChild);
    } catch {
      // The messages say what is wrong with the server or the network.
    }
    if (said.childElementCount && !signal.aborted) timer = setTimeout(look, EVERY);
  }

  // The same again is left alone: the user may be choosing in it, and it was read out already.
  function take(drawn) {
    if (drawn.outerHTML === said.outerHTML) return;
    keepFocus(() => said.replaceWith(drawn), { otherwise: () => composerOf(form.closest('.chat')) });
    said = drawn;
    const was = 'blocked' in form.dataset;
    const blocked = 'blocked' in said.dataset;
    if (was === blocked) return;
    form.toggleAttribute('data-blocked', blocked);
    button.disabled = blocked; // what is on its way frees it by itself
  }
}
