// The portal around us, over postMessage. Protocol: bitrix24/b24jssdk, packages/jssdk/src/frame; a
// message out is "command:params:callback:sid", a message in is "callback:JSON". Our own, so that
// no foreign script runs here.

const [host, protocol, sid] = window.name.split('|');
export const portal = originOf(document.body.dataset.portalOrigin);
// The frame's name can be set by any page that embeds it; the server's word about the portal is
// what we trust.
export const isFramed =
  Boolean(sid && portal) && portal === originOf(`${protocol === '1' ? 'https' : 'http'}://${host}`);

const SILENT_AFTER = 10_000; // some commands are never answered
const waiting = new Map();

if (isFramed) {
  window.addEventListener('message', (event) => {
    if (event.origin !== portal || event.source !== window.parent || typeof event.data !== 'string') return;
    const cut = event.data.indexOf(':');
    const answer = waiting.get(event.data.slice(0, cut));
    if (!answer) return;
    waiting.delete(event.data.slice(0, cut));
    answer(parse(event.data.slice(cut + 1)));
  });
}

/** Ask the portal's page. Resolves to null when it does not answer in time or we are not in a
 *  portal. */
export function ask(command, params = {}, patience = SILENT_AFTER) {
  if (!isFramed) return Promise.resolve(null);
  const callback = randomId();
  return new Promise((resolve) => {
    waiting.set(callback, resolve);
    setTimeout(() => {
      if (waiting.delete(callback)) resolve(null);
    }, patience);
    window.parent.postMessage(`${command}:${JSON.stringify(params)}:${callback}:${sid}`, portal);
  });
}

export const resizeFrame = (height) => ask('resizeWindow', { width: '100%', height });

/** A fresh access token of the user who has the card open, or '' when the portal gives none. */
export async function freshToken() {
  const answer = await ask('refreshAuth');
  return answer?.AUTH_ID ?? '';
}

/** As the browser writes an origin: in punycode, in small letters, without a usual port. '' for
 *  what is not an address. */
function originOf(address) {
  try {
    return new URL(address).origin;
  } catch {
    return '';
  }
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
