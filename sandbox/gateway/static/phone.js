// The chat refreshes by itself while it is looked at; the list of people filters as one types.

const EVERY = 1500;
const chat = document.querySelector('[data-chat]');
let shown = '';
let followed = true; // stays at the newest message until one scrolls up

const toEnd = () => {
  chat.scrollTop = chat.scrollHeight;
};
const follow = () => {
  if (followed) toEnd();
};

async function refresh() {
  if (document.hidden || [...chat.querySelectorAll('audio')].some((audio) => !audio.paused)) return;
  try {
    const answer = await fetch(chat.dataset.chat);
    const text = await answer.text();
    if (!answer.ok || text === shown) return;
    chat.innerHTML = text; // drawn and escaped by the server
    shown = text;
    follow();
  } catch {
    // the simulator is restarting; the next round will tell
  }
}

chat.addEventListener('scroll', () => {
  followed = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 60;
});
chat.addEventListener('load', follow, true); // pictures
toEnd();
setInterval(refresh, EVERY);
refresh();

const search = document.querySelector('[data-people-search] input[type=search]');
search.addEventListener('input', () => {
  const wanted = search.value.trim().toLocaleLowerCase();
  for (const row of document.querySelectorAll('[data-people] > li')) {
    row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
  }
});
