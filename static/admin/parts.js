// From the health list to the part of a line that mends what was found.

export function showPart(button) {
  const part = document.getElementById(button.dataset.partOf);
  if (!part) return;
  part.open = true;
  part.querySelector('summary').focus();
  part.scrollIntoView({ block: 'center' });
}
