// From the health list to the part of a line that mends what was found.

import { showTabOf } from './tabs.js';

export function showPart(button) {
  const part = document.getElementById(button.dataset.partOf);
  if (!part) return;
  showTabOf(part);
  part.open = true;
  part.querySelector('summary').focus();
  part.scrollIntoView({ block: 'center' });
}
