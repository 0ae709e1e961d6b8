// After a set-up: look for the gateway's first report until it has come, or the patience the server
// named is over.

import { drawnIn, request } from '../api.js';
import { redraw, send } from './send.js';

const LOOK_EVERY = 2; // seconds

export function waitForReports() {
  for (const place of document.querySelectorAll('[data-wait]')) {
    const path = place.dataset.wait;
    delete place.dataset.wait; // one wait for each set-up
    wait(place, path);
  }
}

async function wait(place, path) {
  const bar = place.querySelector('progress');
  for (let second = 1; second < bar.max; second += 1) {
    await pause();
    bar.value = second;
    if (!place.isConnected || (second % LOOK_EVERY === 0 && (await came(place, path)))) return;
  }
  if (place.isConnected) await send(path, { late: true }, place);
}

async function came(place, path) {
  try {
    const text = await drawnIn(await request(path, { json: {} }));
    if (text && place.isConnected) redraw(text);
    return Boolean(text);
  } catch {
    return false; // the last look says what is wrong
  }
}

function pause() {
  return new Promise((resolve) => {
    setTimeout(resolve, 1000);
  });
}
