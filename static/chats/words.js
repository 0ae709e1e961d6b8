// A fragment of the server's as plain words, for a line that is read out.

export function textOf(html) {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const button of body.querySelectorAll('button')) button.remove(); // nobody can press a word
  return body.textContent.replace(/\s+/g, ' ').trim();
}
