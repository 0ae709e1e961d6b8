// What stands in a piece of the page, as plain words.

/** A fragment of the server's, for a line that is read out. */
export function textOf(html) {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const button of body.querySelectorAll('button')) button.remove(); // a word cannot be pressed
  return body.textContent.replace(/\s+/g, ' ').trim();
}

/** The text of a message as it was typed: with the marks that are drawn as bold or struck out. */
export function writtenIn(bubble) {
  const text = bubble.querySelector('.bubble-text');
  return (text?.dataset.written ?? text?.textContent ?? '').trim();
}
