// What was typed and not sent, in each chat. It outlives a reload and the card's slider as long as the browser's tab
// does; where the browser keeps nothing for a frame, as long as the page.

const kept = new Map();
const NAME = 'draft';

/** A chat's name here, of what its element says. */
export const draftName = ({ dataset }) => `${NAME} ${dataset.key} ${dataset.draft}`;

export function draftOf(name) {
  return kept.get(name) ?? inStorage((storage) => storage.getItem(name)) ?? '';
}

export function keepDraft(name, text) {
  if (text) kept.set(name, text);
  else kept.delete(name);
  inStorage((storage) => (text ? storage.setItem(name, text) : storage.removeItem(name)));
}

/** Whether something was begun to the number of this key, on whatever line. */
export function hasDraft(key) {
  const stored = inStorage((storage) => Object.keys(storage)) ?? [];
  return [...kept.keys(), ...stored].some((name) => name.startsWith(`${NAME} ${key} `));
}

function inStorage(work) {
  try {
    return work(window.sessionStorage);
  } catch {
    return null; // switched off, or full
  }
}
