// What is new, asked of our own server every two seconds while the page can be seen: one read of
// the cache there, and mostly no answer. Webhooks are what it learns from.

import { drawnIn, request } from '../api.js';

const EVERY = 2_000;
const IDLE_EVERY = 10_000;
const IDLE_AFTER = 300_000;
const USED = ['pointerdown', 'keydown'];

/** Ask from now on. `about` gives what to ask about, null for nothing; `take` gets the drawn news,
 *  and `lost` is told when the server cannot tell: then messages have to be asked for in other
 *  ways. */
export function followNews(about, take, lost) {
  let usedAt = Date.now();
  let timer;
  for (const event of USED)
    document.addEventListener(event, () => {
      const slept = Date.now() - usedAt > IDLE_AFTER;
      usedAt = Date.now();
      if (slept) ask();
    });
  document.addEventListener('visibilitychange', ask);
  later();

  function later() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, Date.now() - usedAt > IDLE_AFTER ? IDLE_EVERY : EVERY);
  }

  async function ask() {
    clearTimeout(timer);
    const json = document.hidden ? null : about();
    if (json) {
      try {
        const response = await request('/card/news', { json });
        if (response.status !== 204) {
          usedAt = Date.now();
          take(await drawnIn(response));
        }
      } catch {
        lost();
      }
    }
    later();
  }
}
