// A file of a message, fetched through our server with the session's header: pictures by themselves
// as soon as they can be seen, and large at a press; voice at one press, at the speed one likes;
// all else is saved.

import { request } from '../api.js';

const SHOWN = { video: 'video', audio: 'audio' };
const PICTURES = ['image', 'sticker'];
const SPEEDS = [1, 1.5, 2];
const MAX_BY_ITSELF = 3_000_000; // bytes; a larger one waits for a press
let speed = 1;

/** Make pictures sharp when they can be seen, in messages that are there and that come. */
export function showPictures(box, signal) {
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        if (Number(target.dataset.size ?? 0) <= MAX_BY_ITSELF) sharpen(target, signal).catch(() => {});
      }
    },
    { root: box, rootMargin: '200px 0px' },
  );
  const watch = () => {
    for (const button of box.querySelectorAll('button:is(.media-image, .media-sticker):not([data-seen])')) {
      button.dataset.seen = '';
      seen.observe(button);
    }
  };
  const changes = new MutationObserver(watch);
  changes.observe(box, { childList: true, subtree: true });
  watch();
  signal.addEventListener(
    'abort',
    () => {
      for (const one of [seen, changes]) one.disconnect();
    },
    { once: true },
  );
}

export async function showMedia(button, signal) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    if (PICTURES.includes(button.dataset.kind)) {
      if (await sharpen(button, signal)) enlarge(button);
    } else place(button, await fetched(button, signal));
  } catch {
    if (!signal.aborted)
      button.querySelector('.media-size').textContent = document.getElementById('media-failed').content.textContent;
  } finally {
    button.removeAttribute('aria-busy');
  }
}

/** The next speed, for every voice message from now on. */
export function changeSpeed(button) {
  speed = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];
  for (const other of document.querySelectorAll('.audio-speed')) other.textContent = `${speed}×`.replace('.', ',');
  for (const audio of document.querySelectorAll('audio.media-shown')) audio.playbackRate = speed;
  button.focus();
}

async function fetched(button, signal) {
  const response = await request(button.dataset.src, { signal });
  const address = URL.createObjectURL(await response.blob());
  signal.addEventListener('abort', () => URL.revokeObjectURL(address), { once: true });
  return address;
}

// The picture itself in place of its thumbnail. False for one that this browser cannot show, which
// is offered as a file.
async function sharpen(button, signal) {
  const shown = button.querySelector('img.media-shown');
  if (shown) return true;
  const picture = document.createElement('img');
  const address = await fetched(button, signal);
  picture.className = 'media-shown';
  picture.alt = '';
  picture.src = address;
  try {
    await picture.decode();
  } catch {
    if (button.isConnected) offer(button, button, address);
    return false;
  }
  button.querySelector('.thumbnail, svg, img')?.replaceWith(picture); // of the same size: nothing moves
  button.classList.add('is-shown');
  return true;
}

function enlarge(button) {
  const dialog = document.getElementById('lightbox');
  const { src } = button.querySelector('img.media-shown');
  const picture = document.createElement('img');
  picture.src = src;
  picture.alt = button.dataset.name;
  dialog.querySelector('.lightbox-picture').replaceChildren(picture);
  const save = dialog.querySelector('a');
  save.href = src;
  save.download = button.dataset.name || 'photo';
  dialog.showModal();
  dialog.scrollIntoView({ block: 'nearest' });
}

function place(button, address) {
  const tag = SHOWN[button.dataset.kind];
  if (!tag) {
    linkTo(address, button).click();
    return;
  }
  const element = document.createElement(tag);
  element.className = 'media-shown';
  element.src = address;
  element.controls = true;
  element.addEventListener('error', () => offer(element, button, address), { once: true });
  const focused = button === document.activeElement;
  button.replaceWith(element);
  if (tag === 'audio') {
    const faster = document.getElementById('audio-speed').content.cloneNode(true);
    faster.firstElementChild.textContent = `${speed}×`.replace('.', ',');
    element.after(faster);
    element.playbackRate = speed;
  }
  element.play().catch(() => {}); // a browser that plays nothing by itself has its own button
  if (focused) element.focus({ preventScroll: true });
}

// What this browser cannot show (HEIC, a video of an unknown kind) is saved instead.
function offer(element, button, address) {
  const focused = element === document.activeElement;
  const link = linkTo(address, button);
  link.className = `${button.className} media-saved`;
  link.append(...button.childNodes);
  link.querySelector('.media-size').textContent = document.getElementById('media-unshown').content.textContent;
  element.parentElement?.querySelector('.audio-speed')?.remove();
  element.replaceWith(link);
  if (focused) link.focus({ preventScroll: true });
}

function linkTo(address, { dataset }) {
  const link = document.createElement('a');
  link.href = address;
  link.download = dataset.name || 'file';
  return link;
}
