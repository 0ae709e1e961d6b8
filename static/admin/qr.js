// The code to scan: a picture that comes through our server, renewed for as long as the line waits
// for it. Or a code to type instead; the line is watched all the same.

import { drawnIn, request } from '../api.js';
import { fragment, redraw, send } from './send.js';

const EVERY = 8_000;
const MAX_WAIT = 5 * 60_000;
let looking = null;

export function stopLooking() {
  if (looking && !looking.place.isConnected) end();
}

/** Show the picture; `done` is called when the line is linked. */
export async function showCode(button, done) {
  end();
  const place = button.closest('.qr');
  looking = { place, image: place.querySelector('img'), until: Date.now() + MAX_WAIT, timer: 0, done };
  button.hidden = true;
  await look(looking);
}

export async function pairingCode(button, done) {
  finish();
  const place = button.closest('.qr');
  if (!(await send(button.dataset.path, {}, button)) || !place.isConnected) return;
  if (!place.querySelector('.pairing-code')) return;
  looking = { place, image: null, until: Date.now() + MAX_WAIT, timer: 0, done };
  looking.timer = setTimeout(look, EVERY, looking);
}

async function look(mine) {
  if (mine.image) await renewPicture(mine);
  await redrawIfChanged(mine);
  if (looking !== mine) return;
  if (Date.now() > mine.until || document.hidden) finish();
  else mine.timer = setTimeout(look, EVERY, mine);
}

async function renewPicture(mine) {
  const { image } = mine;
  try {
    const picture = await (await request(mine.place.dataset.qr)).blob();
    if (looking !== mine) return;
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(picture);
    image.hidden = false;
  } catch {
    // Scanned meanwhile, or the gateway is out of reach: the state below says which.
  }
}

async function redrawIfChanged(mine) {
  try {
    const text = await drawnIn(await request(mine.place.dataset.look, { json: {} }));
    if (looking !== mine || fragment(text).querySelector('.qr')) return;
    mine.place.closest('.line-item').dataset.fresh = ''; // linked just now: its set-up goes on by itself
    end();
    redraw(text);
    mine.done();
  } catch {
    // The next look tells.
  }
}

// The picture is taken away, and its button is there again.
function finish() {
  if (looking?.image) {
    looking.image.hidden = true;
    looking.place.querySelector('[data-action="qr"]').hidden = false;
  }
  end();
}

function end() {
  if (!looking) return;
  clearTimeout(looking.timer);
  URL.revokeObjectURL(looking.image?.src ?? '');
  looking = null;
}
