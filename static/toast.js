// What was just done, said for some seconds beside the place where it was done.

const SECONDS = 8;
let over;

/** Say these drawn words below `near`; a newer saying takes their place. One that has the focus or
 *  the pointer stays. */
export function toast(words, near) {
  const place = document.getElementById('toast');
  place.replaceChildren(words);
  place.style.top = `${near.offsetTop + near.offsetHeight}px`;
  clearTimeout(over);
  over = setTimeout(end, SECONDS * 1000, place);
}

function end(place) {
  if (place.matches(':hover, :focus-within')) over = setTimeout(end, SECONDS * 1000, place);
  else place.replaceChildren();
}
