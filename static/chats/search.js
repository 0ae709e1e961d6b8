// Find words in the messages that are loaded, and further back when asked to. It always says how
// far it looked.

const PAGES = 5; // of older messages for one press: each is a question to the gateway
const FOUND = 'is-found';

/** The search of a chat's head. */
export function startSearch(chat, history, signal) {
  const bar = chat.querySelector('#search');
  const button = chat.querySelector('[data-action="search"]');
  const field = bar.querySelector('input');
  const further = bar.querySelector('[data-action="search-further"]');
  const words = bar.querySelector('.search-said').dataset;
  let found = [];
  let current = 0;
  let busy = false;

  button.addEventListener('click', () => (bar.hidden ? open() : close()), { signal });
  field.addEventListener('input', () => find(), { signal });
  bar.addEventListener('keydown', pressed, { signal });
  bar.addEventListener('click', clicked, { signal });

  function open() {
    bar.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    field.focus();
    find();
  }

  function close() {
    bar.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    field.value = '';
    find();
    button.focus();
  }

  function pressed(event) {
    if (event.key === 'Escape') {
      event.stopPropagation(); // leaves the search and not the chat
      close();
    } else if (event.key === 'Enter' && event.target === field) go(event.shiftKey ? 1 : -1);
  }

  function clicked(event) {
    const { action } = event.target.closest('[data-action]')?.dataset ?? {};
    if (action === 'search-older') go(-1);
    else if (action === 'search-newer') go(1);
    else if (action === 'search-further') lookFurther();
  }

  // The newest that was found is shown first.
  function find() {
    const wanted = field.value.trim().toLowerCase();
    const bubbles = [...history.box.querySelectorAll('.bubble')];
    found = wanted ? bubbles.filter((bubble) => textIn(bubble).includes(wanted)) : [];
    turnTo(found.length - 1);
  }

  function go(step) {
    if (!found.length) return;
    if (!found[current]?.isConnected) find(); // a poll has drawn it anew
    turnTo(Math.min(found.length - 1, Math.max(0, current + step)));
  }

  function turnTo(index) {
    for (const before of history.box.querySelectorAll(`.${FOUND}`)) before.classList.remove(FOUND);
    current = index;
    const bubble = found[current];
    bubble?.classList.add(FOUND);
    if (bubble) history.box.scrollTop = bubble.offsetTop - history.box.clientHeight / 3;
    say();
  }

  function say() {
    const { value } = field;
    const many = found.length ? `${found.length - current} / ${found.length}` : words.none;
    bar.querySelector('.search-said').textContent = value.trim() ? `${many}. ${howFar()}` : '';
    further.hidden = !value.trim() || !history.hasOlder();
    further.disabled = busy;
  }

  function howFar() {
    if (busy) return words.looking;
    return history.hasOlder() ? `${words.until} ${history.oldestDay()}` : words.all;
  }

  // Until something older is found, the chat ends, or enough was asked for.
  async function lookFurther() {
    busy = true;
    say();
    const before = found.length;
    for (let page = 0; page < PAGES && history.hasOlder() && found.length === before; page += 1) {
      if (!(await history.older())) break;
      if (signal.aborted || bar.hidden) break;
      find();
    }
    busy = false;
    if (signal.aborted || bar.hidden) return;
    if (found.length > before)
      turnTo(found.length - before - 1); // the newest of those that came
    else say();
  }
}

function textIn(bubble) {
  const parts = bubble.querySelectorAll('.bubble-text:not(.is-deleted), .media-name');
  return [...parts].map(({ textContent }) => textContent.toLowerCase()).join(' ');
}
