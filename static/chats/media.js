// A file of a message, fetched through our server with the session's header and shown in place or saved.

import { request } from '../api.js';

const SHOWN = { image: 'img', sticker: 'img', video: 'video', audio: 'audio' };

export async function showMedia(button, signal) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    const response = await request(button.dataset.src, { signal });
    const address = URL.createObjectURL(await response.blob());
    signal.addEventListener('abort', () => URL.revokeObjectURL(address), { once: true });
    place(button, address);
  } catch {
    if (!signal.aborted)
      button.querySelector('.media-size').textContent = document.getElementById('media-failed').content.textContent;
  } finally {
    button.removeAttribute('aria-busy');
  }
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
  if (tag === 'img') element.alt = button.dataset.name;
  else element.controls = true;
  element.addEventListener('error', () => offer(element, button, address), { once: true });
  const focused = button === document.activeElement;
  button.replaceWith(element);
  if (!focused) return;
  if (tag === 'img') element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

// What this browser cannot show (HEIC, a video of an unknown kind) is saved instead.
function offer(element, button, address) {
  const link = linkTo(address, button);
  link.className = `${button.className} media-saved`;
  link.append(...button.childNodes);
  link.querySelector('.media-size').textContent = document.getElementById('media-unshown').content.textContent;
  const focused = element === document.activeElement;
  element.replaceWith(link);
  if (focused) link.focus({ preventScroll: true });
}

function linkTo(address, { dataset }) {
  const link = document.createElement('a');
  link.href = address;
  link.download = dataset.name || 'file';
  return link;
}
