// The code to scan: a picture that comes through our server, renewed for as long as the line waits for it.

import { request } from '../api.js';

const EVERY = 8_000;
const LONGEST = 5 * 60_000;
let looking = null;

export function stopLooking() {
  if (looking && !looking.place.isConnected) end();
}

export async function showCode(button) {
  end();
  const place = button.closest('.qr');
  looking = { place, until: Date.now() + LONGEST, timer: 0 };
  button.hidden = true;
  await look(looking);
}

async function look(mine) {
  const image = mine.place.querySelector('img');
  try {
    const picture = await (await request(mine.place.dataset.qr)).blob();
    if (looking !== mine) return;
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(picture);
    image.hidden = false;
  } catch {
    // Scanned meanwhile, or the gateway is out of reach: the state below says which.
  }
  await redrawIfChanged(mine);
  if (looking !== mine) return;
  if (Date.now() > mine.until || document.hidden) finish(mine);
  else mine.timer = setTimeout(() => look(mine), EVERY);
}

async function redrawIfChanged(mine) {
  try {
    const text = await (await request(mine.place.dataset.look, { json: {} })).text();
    const holder = document.createElement('template');
    holder.innerHTML = text;
    const drawn = holder.content.firstElementChild;
    if (looking !== mine || drawn.querySelector('.qr')) return;
    end();
    document.getElementById(drawn.id)?.replaceWith(drawn);
  } catch {
    // The next look tells.
  }
}

function finish(mine) {
  mine.place.querySelector('img').hidden = true;
  mine.place.querySelector('button').hidden = false;
  end();
}

function end() {
  if (!looking) return;
  clearTimeout(looking.timer);
  URL.revokeObjectURL(looking.place.querySelector('img')?.src ?? '');
  looking = null;
}
