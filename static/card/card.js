// The card: hidden → revealed → checked. The server draws every state; this moves the pieces into
// place.

import { begin, drawnIn, request, Refused } from '../api.js';
import { ask, isFramed } from '../bridge.js';
import { hasDraft, hasUnsent } from '../chats/drafts.js';
import { confirmed } from '../dialog.js';
import { keepFocus } from '../focus.js';
import { followLinks } from '../portal.js';
import { followKeys } from '../waiting/keys.js';
import { toast } from '../toast.js';
import { startClocks, tick } from './clock.js';
import { followNews } from './live.js';

// A worker remembers settings for ten seconds: together that is the minute that the settings page
// promises.
const LOOK_EVERY = 50_000;
const LOOK_SELDOM = 900_000; // while the answers are errors
const SOON = [2000, 4000, 8000]; // until a line is heard that was not known yet
const MAX_FOLLOWED = 100; // numbers in one question for news
const LOOK_FOR = 4 * 3_600_000; // after the last press; then the user has left

const card = document.getElementById('card');
const content = document.getElementById('content');
let lastTry = reveal;
let line = null; // the one that the selector shows: it is the line of every button
let picked = false; // by hand: then also for numbers whose chat is on another line
let swaps = 0; // how often rows were replaced by newer ones
let nextLook;
let lookUntil = 0;
let pane = null; // the chat's own modules, once they are needed
let straight = true; // a card with one chat opens it once, and never again after the user went back

begin(card.dataset.opening);
followLinks(lookNow); // what was changed in the application is followed as soon as it is closed
startClocks(card);
followKeys();
reveal();
followNews(whatIsShown, takeNews, () => pane?.askTheGateway());

const ACTIONS = {
  reveal,
  refresh,
  retry: () => lastTry(),
  ask: (button) =>
    button.closest('[aria-busy]') ||
    check(button.dataset.keys.split(' '), { pressed: true, again: 'again' in button.dataset }),
  'use-suggestion': (button) => useSuggestion(button.dataset.key),
  'open-chat': (button) => chat(button, 'text'),
  more: unfold,
  'more-numbers': moreNumbers,
  'copy-number': copyNumber,
  'open-there': openThere,
  ignore: (button) =>
    silence(button, '/card/ignore', {
      line: numberOf(button.dataset.line) ?? shownLine(),
      everywhere: 'everywhere' in button.dataset,
    }),
  unignore: (button) => silence(button, '/card/unignore', {}),
  'read-chat': (button) => chat(button, 'messages', numberOf(button.dataset.line)),
};

card.addEventListener('click', (event) => {
  const button = event.target.closest('[data-action]');
  if (button && ACTIONS[button.dataset.action]) ACTIONS[button.dataset.action](button);
  const call = event.target.closest('[data-call]');
  if (call && isFramed) {
    event.preventDefault();
    ask('imPhoneTo', { phone: call.dataset.call }); // Bitrix24 calls by its telephony, or by the computer's own
  }
});
card.addEventListener('input', (event) => {
  if (event.target.id === 'find-number') findNumber(event.target.value);
});
card.addEventListener('chat-closed', () => markRows());
card.addEventListener('card-changed', () => {
  const drawn = content.querySelector('.revealed');
  if (drawn) revalidate(drawn.dataset.version);
});

// No chat opens by itself under the hand of a user who is about to press something.
for (const used of ['pointermove', 'pointerdown', 'keydown'])
  card.addEventListener(used, () => {
    card.dataset.usedAt = Date.now();
  });

card.addEventListener('change', (event) => {
  if (event.target.id === 'line') {
    shownLine();
    picked = true;
    for (const said of content.querySelectorAll('.line-gone, #checks-left')) said.replaceChildren(); // of the line before
    markRows();
    lines();
  }
});

async function reveal() {
  lastTry = reveal;
  const pressed = card.dataset.start === 'button' || card.dataset.start === 'revealed';
  show(document.getElementById('skeleton').content.cloneNode(true));
  if (!(await draw('/card', { pressed }))) return;
  card.dataset.start = 'revealed';
  openStraight();
  const { usedAt } = card.dataset;
  await follow();
  if (card.dataset.usedAt === usedAt) openStraight(); // a chat that only the check has found
}

// With one number, or one chat, there is nothing to look for.
function openStraight() {
  if (!straight) return;
  const buttons = [...content.querySelectorAll('[data-straight] .phone-open')];
  const chats = buttons.filter((button) => button.closest('.phone').dataset.chat);
  const only = buttons.length === 1 ? buttons[0] : chats.length === 1 ? chats[0] : null;
  if (only && !content.querySelector('.more-numbers')) chat(only, 'text');
}

async function refresh() {
  lastTry = refresh;
  content.setAttribute('aria-busy', 'true');
  const drawn = await draw('/card/refresh', { line: shownLine() });
  content.removeAttribute('aria-busy');
  if (!chatIsOpen()) goOnAt(content.querySelector('[data-action="refresh"], [data-action="retry"]'));
  if (drawn) await follow();
}

// The server draws the suggested number where the row was that offered it, and the new session
// remembers that.
async function useSuggestion(key) {
  lastTry = () => useSuggestion(key);
  if (!(await draw('/card/suggestion', { key, line: shownLine() }))) return;
  goOnAt(document.getElementById(`phone-${key}`)?.querySelector('button'));
  await follow();
}

// Where the next key is meant for, unless the user has gone elsewhere while the card was drawn.
function goOnAt(control) {
  if (document.activeElement === content || document.activeElement === document.body) control?.focus();
}

// After a card is drawn: the lines' states, the numbers that are unknown or out of date, in one
// request, and a second look at an old card. A refresh was pressed, and asks about all.
async function follow() {
  const drawn = content.querySelector('.revealed');
  const keys = drawn?.dataset.ask?.split(' ');
  const jobs = [lines()];
  if (drawn && 'old' in drawn.dataset)
    jobs.push(
      revalidate(drawn.dataset.version).then(() => {
        delete drawn.dataset.old;
      }),
    );
  if (keys) jobs.push(check(keys, 'again' in drawn.dataset ? { pressed: true, again: true } : {}));
  await Promise.all(jobs);
}

async function check(keys, how, tries = 0) {
  lastTry = () => check(keys, how);
  for (const key of keys) {
    const place = document.querySelector(`#phone-${key} .phone-presence`);
    place?.setAttribute('aria-busy', 'true');
  }
  try {
    swapRows(await html('/card/check', { keys, line: shownLine(), ...how }), keys);
    soon(tries, () => {
      const unheard = keys.filter((key) => document.querySelector(`#phone-${key} [data-presence="line_unknown"]`));
      if (unheard.length) check(unheard, how, tries + 1);
    });
  } catch (error) {
    // The numbers stay: one can write to them without knowing.
    for (const place of content.querySelectorAll('.phone-presence')) place.removeAttribute('aria-busy');
    content.querySelector('.notice')?.remove();
    content.querySelector('.revealed')?.prepend(notice(error));
  }
}

// A line that was not heard of yet is asked behind our request: its state is there in a moment.
function soon(tries, look) {
  if (tries < SOON.length) setTimeout(look, SOON[tries]);
}

// A card remembered from a moment ago is on the page already; read it again and redraw only if it
// changed. With `remembered` only the settings are compared, and the portal is not read for it.
// False when it failed.
async function revalidate(version, remembered = false) {
  const before = swaps;
  const shown = content.querySelector('.revealed');
  try {
    const response = await request('/card/again', { json: { version, line: shownLine(), remembered } });
    if (response.status === 204) return true;
    if (swaps !== before) return await revalidate(version, remembered); // this drawing does not know of the new rows
    const drawn = fragment(await drawnIn(response));
    if (shown !== content.querySelector('.revealed')) return true; // the user pressed meanwhile
    if (remembered) delete drawn.querySelector('.revealed').dataset.old;
    show(drawn);
    await follow();
    return true;
  } catch {
    return false; // what is shown stays; the next press says what is wrong
  }
}

// What an administrator saves is followed by open cards, too: by those that are visible and not in
// use.
async function look(waited) {
  if (Date.now() > lookUntil) return;
  const drawn = content.querySelector('.revealed');
  const idle = drawn && !document.hidden && !isInUse();
  const fine = !idle || (await revalidate(drawn.dataset.version, true));
  lookLater(fine ? LOOK_EVERY : Math.min(2 * waited, LOOK_SELDOM));
}

function lookNow() {
  clearTimeout(nextLook);
  look(LOOK_EVERY);
}

function lookLater(wait) {
  clearTimeout(nextLook);
  nextLook = setTimeout(look, wait, wait);
}

function isInUse() {
  const typing = document.hasFocus() && document.activeElement.matches('select, input, textarea');
  return typing || chatIsOpen() || document.querySelector('dialog[open], #content [aria-busy], #find-number');
}

async function lines(tries = 0) {
  const asked = shownLine();
  const before = swaps;
  if (asked === null) return;
  try {
    const drawn = fragment(await html('/card/lines', { line: asked }));
    if (shownLine() !== asked) return; // another one was picked meanwhile, and is asked about
    // What the card said when it was drawn about a line that is gone stays to be read.
    if (!drawn.querySelector('.line-gone'))
      drawn.querySelector('.lines').append(...document.querySelectorAll('#lines .line-gone:not(:empty)'));
    keepFocus(() => putIn(drawn, before === swaps ? ['lines', 'checks-left'] : ['lines']), {
      otherwise: () => document.getElementById('line'),
    });
    shownLine();
    if (document.querySelector('#lines .line-not_yet')) soon(tries, () => lines(tries + 1));
  } catch {
    // Without states the selector still works.
  }
}

// A number that has a chat opens it on its own line, which its row names, unless another line was
// picked by hand.
async function chat(button, focus, only = null) {
  straight = false;
  const shown = shownLine();
  const own = picked ? shown : numberOf(button.dataset.line);
  const row = button.closest('.phone');
  const waiting = Number(row.dataset.waiting ?? 0);
  const wanted = { key: button.dataset.key, line: only ?? own, shown, focus, row, waiting };
  button.setAttribute('aria-busy', 'true');
  pane = await import('../chats/pane.js');
  button.removeAttribute('aria-busy');
  pane.openChat(wanted);
}

function unfold(button) {
  const open = button.getAttribute('aria-expanded') !== 'true';
  button.setAttribute('aria-expanded', String(open));
  document.getElementById(button.getAttribute('aria-controls')).hidden = !open;
}

function copyNumber(button) {
  const said = button.querySelector('span');
  const words = said.textContent;
  copy(button.dataset.number, button);
  said.textContent = button.dataset.done;
  setTimeout(() => {
    said.textContent = words;
  }, 2000);
}

/** The row's chat in Bitrix24's messenger; where nothing was mirrored yet, or it is not this
 *  user's, the row says so. */
async function openThere(button) {
  const { openThere: open } = await import('../chats/openline.js');
  button.disabled = true;
  try {
    await open(`/chats/${button.dataset.chatId}/open-line`);
  } catch (error) {
    if (error instanceof Refused) button.after(fragment(error.html));
  } finally {
    button.disabled = false;
  }
}

// A client who is ignored, or no longer: the row says so, and a toast offers the way back.
async function silence(button, path, json) {
  const { key } = button.dataset;
  const row = document.getElementById(`phone-${key}`);
  try {
    takeNews(await html(path, { key, ...json }));
  } catch (error) {
    if (error.message !== 'confirm') row.append(notice(error));
    else if (await confirmed('question', fragment(error.html), button))
      await silence(button, path, { ...json, confirmed: true });
    return;
  }
  const said = document.getElementById(path === '/card/ignore' ? 'said-ignored' : 'said-heeded');
  const words = said.content.cloneNode(true);
  for (const back of words.querySelectorAll('button')) back.dataset.key = key;
  const now = document.getElementById(`phone-${key}`);
  toast(words, now);
  if (!now.contains(document.activeElement))
    (now.querySelector('[data-action="more"]') ?? now.querySelector('button')).focus();
}

// The old way: a frame of another site may use the clipboard's own interface only if the portal
// lets it.
function copy(text, button) {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'sr-only';
  button.after(field);
  field.select();
  document.execCommand('copy');
  field.remove();
  button.focus();
}

// The numbers beyond those that are shown: none of them is checked.
async function moreNumbers(button) {
  const place = button.closest('.more-numbers');
  button.disabled = true;
  try {
    const rows = fragment(await html('/card/more', {}));
    const find = document.getElementById('find').content.cloneNode(true);
    content.querySelector('.phones').append(rows);
    content.querySelector('.phones').before(find);
    place.remove();
    markRows();
    tick(content);
    document.getElementById('find-number').focus();
  } catch (error) {
    button.disabled = false;
    content.querySelector('.revealed')?.prepend(notice(error));
  }
}

function findNumber(typed) {
  const words = typed.toLowerCase().trim();
  const digits = /\p{L}/u.test(typed) ? '' : typed.replace(/\D/g, '');
  for (const row of content.querySelectorAll('.phone')) {
    const said = `${row.querySelector('.phone-name').textContent} ${row.querySelector('.phone-last').textContent}`;
    const number = row.querySelector('.number').textContent.replace(/\D/g, '');
    row.hidden = !(said.toLowerCase().includes(words) || (digits && number.includes(digits)));
  }
}

// What the next question for news is about: every row, and the open chat.
function whatIsShown() {
  const keys = [...content.querySelectorAll('.phone .phone-open')].map(({ dataset }) => dataset.key);
  const drawn = content.querySelector('.revealed');
  if (!keys.length || !drawn) return null;
  return { keys: keys.slice(0, MAX_FOLLOWED), marks: drawn.dataset.marks, ...pane?.openOne() };
}

function takeNews(text) {
  const news = fragment(text).firstElementChild;
  const drawn = content.querySelector('.revealed');
  if (!news || !drawn) return;
  drawn.dataset.marks = news.dataset.marks;
  let written = false;
  for (const row of news.querySelectorAll('.phone')) {
    const place = document.getElementById(row.id);
    if (!place) continue;
    written ||= isNewer(row, place);
    if (knowsLess(row)) row.querySelector('.phone-presence').replaceWith(place.querySelector('.phone-presence'));
    swapRow(place, row);
  }
  pane?.takeNews(news.querySelector('.piece'));
  markRows();
  tick(content);
  if (written) tellOfNews();
}

function isNewer(row, place) {
  return Number(row.dataset.at ?? 0) > Number(place.dataset.at ?? 0);
}

// A sound, if this rep wants one; drawn by the page itself, so that nothing is loaded for it.
function tellOfNews() {
  if (!('sound' in content.querySelector('.revealed').dataset)) return;
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.setValueAtTime(0.1, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  tone.frequency.value = 880;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
  tone.addEventListener('ended', () => audio.close());
}

// What rows say that the server does not know: a draft, a chat that is being read, a line other
// than the shown one.
function markRows() {
  const reading = pane?.openOne()?.key;
  const shown = numberOf(document.getElementById('line')?.value) ?? line;
  for (const row of content.querySelectorAll('.phone')) {
    if (row.dataset.key === reading) delete row.dataset.waiting;
    row.querySelector('.draft-mark').hidden = !hasDraft(row.dataset.key);
    row.querySelector('.unsent-mark').hidden = !hasUnsent(row.dataset.key);
    const named = row.querySelector('.phone-line');
    if (named) named.hidden = numberOf(named.dataset.lineId) === shown;
  }
  const find = document.getElementById('find-number');
  if (find) findNumber(find.value);
}

function swapRow(place, row) {
  keepAsUsed(
    place,
    () => place.replaceWith(row),
    () => row.querySelector('button'),
  );
}

// Rows are drawn anew in there: what was unfolded stays so, and the focus where it was; else
// `otherwise()` has it.
function keepAsUsed(place, draw, otherwise) {
  const unfolded = [...place.querySelectorAll('[data-action="more"][aria-expanded="true"]')];
  const ids = unfolded.map((button) => button.closest('.phone').id);
  const redraw = () => {
    draw();
    for (const id of ids) {
      const button = document.getElementById(id)?.querySelector('[data-action="more"]');
      if (button) unfold(button);
    }
  };
  keepFocus(redraw, { otherwise });
}

async function draw(path, body) {
  try {
    show(fragment(await html(path, body)));
    lookUntil = Date.now() + LOOK_FOR;
    lookLater(LOOK_EVERY);
    return true;
  } catch (error) {
    problem(error);
    return false;
  }
}

async function html(path, json) {
  return drawnIn(await request(path, { json }));
}

// An open chat stays open: the card behind it may be drawn anew at any time.
function show(node) {
  shownLine();
  keepAsUsed(
    content,
    () => content.replaceChildren(node),
    () => content,
  );
  keepPicked();
  shownLine();
  markRows();
  tick(content);
}

// Only the rows change after a check, so that focus and an open menu stay where they are.
function swapRows(text, asked) {
  const drawn = fragment(text);
  swaps += 1;
  for (const row of drawn.querySelectorAll('.phone')) {
    const place = document.getElementById(row.id);
    if (!place || (knowsLess(row) && !asked.includes(row.dataset.key))) continue;
    swapRow(place, row);
  }
  content.querySelector('.notice')?.remove();
  const notes = content.querySelector('.footnotes');
  const fresh = drawn.querySelector('.footnotes');
  fresh.prepend(...(notes?.querySelectorAll('[data-keep]') ?? [])); // when it was refreshed
  if (document.getElementById('find-number')) fresh.querySelector('.more-numbers')?.remove(); // all are shown
  keepFocus(() => notes?.replaceWith(fresh), { otherwise: () => content });
  const sameLine = numberOf(drawn.getElementById('line')?.value) === shownLine();
  if (sameLine) putIn(drawn, ['refresh-cost', 'checks-left']);
  markRows();
  tick(content);
}

// Pieces of a drawing in place of those that are shown.
function putIn(drawn, ids) {
  for (const id of ids) {
    const fresh = drawn.getElementById(id);
    const place = document.getElementById(id);
    if (fresh && fresh.outerHTML !== place?.outerHTML) place?.replaceWith(fresh); // the user may be choosing in it
  }
}

// Why a number was not asked a moment ago is not remembered by the server, but true all the same.
function knowsLess(row) {
  return row.querySelector('[data-presence="not_asked"], [data-presence="checking"]');
}

function problem(error) {
  show(notice(error));
  if (error.message === 'not_allowed') line = null; // perhaps it is the line that is not: the next try names none
}

function notice(error) {
  if (error instanceof Refused) return fragment(error.html);
  return document.getElementById('no-connection').content.cloneNode(true);
}

function fragment(text) {
  const holder = document.createElement('template');
  holder.innerHTML = text;
  return holder.content;
}

// A line that was picked while this drawing was on its way stays, if it is still there.
function keepPicked() {
  const select = document.getElementById('line');
  if (picked && select && [...select.options].some(({ value }) => Number(value) === line)) select.value = line;
}

// The line in the selector. It outlives a drawing that failed; one that the server put in place of
// it was not picked.
function shownLine() {
  const now = numberOf(document.getElementById('line')?.value) ?? line;
  if (now !== line) picked = false;
  line = now;
  return line;
}

function chatIsOpen() {
  return card.classList.contains('has-chat');
}

function numberOf(text) {
  return text ? Number(text) : null;
}
