// Menus that open above the composer.

/** Put an open popover above `near`, within the window. */
export function placeAbove(menu, near) {
  const at = near.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, at.top - menu.offsetHeight - 4)}px`;
}
