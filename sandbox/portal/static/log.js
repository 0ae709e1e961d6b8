// The visible log: what came in, what was answered, what was refused. Newest last; text only, never
// markup.

const list = document.getElementById('log');
const MAX_TEXT = 300;

export function note(text, kind = '') {
  const line = document.createElement('li');
  line.textContent = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  if (kind) line.className = `is-${kind}`;
  list.append(line);
  list.scrollTop = list.scrollHeight;
}
