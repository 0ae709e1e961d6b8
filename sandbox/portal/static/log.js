// The visible log: what came in, what was answered, what was refused. Newest last; text only, never markup.

const list = document.getElementById('log');
const LONGEST = 300;

export function note(text, kind = '') {
  const line = document.createElement('li');
  line.textContent = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  if (kind) line.className = `is-${kind}`;
  list.append(line);
  list.scrollTop = list.scrollHeight;
}
