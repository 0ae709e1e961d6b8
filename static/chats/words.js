// A fragment of the server's as plain words, for a line that is read out.

export function textOf(html) {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  return parsed.body.textContent.replace(/\s+/g, ' ').trim();
}
