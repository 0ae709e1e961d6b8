// The one panel over the page: it stands for the messenger and for sliders. Closing it calls back.

const panel = document.getElementById('panel');
const name = document.getElementById('panel-name');
const text = document.getElementById('panel-text');
const place = document.getElementById('panel-page');
const choices = new URLSearchParams(document.getElementById('card').dataset.query);
const LEAVE = 'close-slider'; // what a page in a slider tells the page around it
let onClose = null;

export function show(kind, title, words, closed = null) {
  close();
  panel.dataset.kind = kind;
  name.textContent = title;
  text.textContent = words;
  panel.hidden = false;
  onClose = closed;
}

/** Open a page of the portal over this one, for the same user. `settings` are those of a slider:
 *  title, width. */
export function slide(path, params, { title = path, width = 0 }, closed) {
  const address = new URL(path, location.origin);
  for (const [key, value] of [...choices, ...Object.entries(params)]) address.searchParams.set(key, value);
  address.searchParams.set('IFRAME', 'Y');
  address.searchParams.set('IFRAME_TYPE', 'SIDE_SLIDER');
  for (const key of ['embed', 'mode', 'width']) address.searchParams.delete(key);
  show('slider', String(title), params.params ?? '', closed);
  panel.style.width = width > 0 ? `${width}px` : '';
  const page = document.createElement('iframe');
  page.title = String(title);
  page.src = address;
  page.addEventListener(LEAVE, close);
  place.replaceChildren(page);
}

export function close() {
  if (panel.hidden) return;
  panel.hidden = true;
  place.replaceChildren();
  panel.style.width = '';
  const closed = onClose;
  onClose = null;
  closed?.();
}

/** Of a page that is itself in a slider: close that. */
export const leave = () => window.frameElement?.dispatchEvent(new Event(LEAVE));

export const messengerName = panel.dataset.messenger;
document.getElementById('panel-close').addEventListener('click', close);
