// The one panel over the page: it stands for the messenger and for sliders. Closing it calls back.

const panel = document.getElementById("panel");
const name = document.getElementById("panel-name");
const text = document.getElementById("panel-text");
let onClose = null;

export function show(kind, title, words, closed = null) {
  close();
  panel.dataset.kind = kind;
  name.textContent = title;
  text.textContent = words;
  panel.hidden = false;
  onClose = closed;
}

export function close() {
  if (panel.hidden) return;
  panel.hidden = true;
  const closed = onClose;
  onClose = null;
  closed?.();
}

export const messengerName = panel.dataset.messenger;
document.getElementById("panel-close").addEventListener("click", close);
