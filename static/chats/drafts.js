// What was typed and not sent, in each chat: a draft, and messages on their way (queue.js). It
// outlives a reload and the card's slider as long as the browser's tab does; where the browser
// keeps nothing for a frame, as long as the page.

const kept = new Map();
const DRAFT = 'draft';
const UNSENT = 'unsent';

/** A chat's name here, of what its element says. */
export const draftName = ({ dataset }) => `${DRAFT} ${dataset.key} ${dataset.draft}`;

export function draftOf(name) {
  return kept.get(name) ?? inStorage((storage) => storage.getItem(name)) ?? '';
}

export function keepDraft(name, text) {
  if (text) kept.set(name, text);
  else kept.delete(name);
  inStorage((storage) => (text ? storage.setItem(name, text) : storage.removeItem(name)));
}

/** Whether something was begun to the number of this key, on any line. */
export const hasDraft = (key) => names().some((name) => name.startsWith(`${DRAFT} ${key} `));

/** The messages that a page before this one left in the chat whose draft has this name. */
export function unsentOf(name) {
  try {
    return JSON.parse(draftOf(unsentName(name)) || '[]');
  } catch {
    return []; // cut off in a full storage
  }
}

export function keepUnsent(name, messages) {
  keepDraft(unsentName(name), messages.length ? JSON.stringify(messages) : '');
}

/** Whether messages to the number of this key did not go out yet. */
export const hasUnsent = (key) => names().some((name) => name.startsWith(`${UNSENT} ${key} `));

const unsentName = (name) => name.replace(DRAFT, UNSENT);

function names() {
  return [...kept.keys(), ...(inStorage((storage) => Object.keys(storage)) ?? [])];
}

function inStorage(work) {
  try {
    return work(window.sessionStorage);
  } catch {
    return null; // switched off, or full
  }
}
