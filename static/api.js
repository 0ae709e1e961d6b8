// Requests to our own server. The session lives in this module and travels in a header; there are
// no cookies.

import { freshToken } from './bridge.js';
import { pressEnded } from './press.js';

const PATIENCE = 45_000;
const CROWDED_TRIES = 2; // more of a request that was refused because the company's others wait: nothing of it was begun
const UPLOAD_PATIENCE = 180_000; // a file over a phone's network
let session = '';
let opening = '';

export class Refused extends Error {
  constructor(response, html) {
    super(response.headers.get('X-Refusal') ?? String(response.status));
    this.status = response.status;
    this.html = ownWords(this.message) ?? html;
  }
}

export function begin(ticket) {
  opening = ticket;
}
export function beginSession(ticket) {
  session = ticket;
}

// Without a session the server does not know the reader's language; the page does.
function ownWords(code) {
  return document.getElementById(`refused-${code}`)?.innerHTML;
}

/** Send one request: `json`, or a `form` with a file in it. Resolves to the Response; rejects with
 *  Refused for an answer that is an error, and with a TypeError when there is no connection, or a
 *  proxy answers instead of the server: then it is not known what was done. An outdated session is
 *  renewed once through the portal, and what found no room is sent again soon. */
export async function request(path, { json, form, signal, headers = {} } = {}) {
  const send = () => once(path, { json, form, signal, headers });
  let response = await withRoom(send);
  if (response.status === 401 && response.headers.get('X-Refusal') === 'session_over' && (await renew()))
    response = await withRoom(send);
  session = response.headers.get('X-Session') ?? session;
  if (response.ok || response.status === 304) return response;
  throw await refusal(response);
}

/** What an answer draws, once no press is under way. Rejects where its asker has left meanwhile. */
export async function drawnIn(response, signal) {
  const text = await response.text();
  await pressEnded();
  signal?.throwIfAborted();
  return text;
}

// Every answer of the server names its request; a proxy's own page does not.
async function refusal(response) {
  if (!response.headers.has('X-Request-ID')) return new TypeError(`${response.status} of a proxy`);
  return new Refused(response, await drawnIn(response));
}

async function withRoom(send) {
  let response = await send();
  for (let tries = CROWDED_TRIES; tries && response.headers.get('X-Refusal') === 'crowded'; tries -= 1) {
    await pause(1000 * Number(response.headers.get('Retry-After')) * (1 + Math.random()));
    response = await send();
  }
  return response;
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

function once(path, { json, form, signal, headers }) {
  const patience = AbortSignal.timeout(form ? UPLOAD_PATIENCE : PATIENCE);
  return fetch(path, {
    method: json === undefined && !form ? 'GET' : 'POST',
    body: form ?? (json === undefined ? undefined : JSON.stringify(json)),
    headers: { ...tickets(), ...(json === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
    credentials: 'omit',
    cache: 'no-store',
  });
}

function tickets() {
  return session ? { 'X-Session': session } : fromOpening();
}

// The session is made of the opening, and keeps the zone for who has none in Bitrix24.
function fromOpening() {
  return { 'X-Opening': opening, 'X-Zone': Intl.DateTimeFormat().resolvedOptions().timeZone ?? '' };
}

// The old session goes along: it knows which suggestions were pressed. A renewal that is refused
// for another reason than an opening's age says so in its own words, as opening the page anew would
// not help.
async function renew() {
  const token = opening && (await freshToken());
  if (!token) return false;
  const response = await withRoom(() => once('/session', { json: { auth: token }, headers: fromOpening() }));
  if (response.headers.get('X-Refusal') === 'session_over') return false;
  if (!response.ok) throw await refusal(response);
  session = response.headers.get('X-Session') ?? '';
  return Boolean(session);
}
