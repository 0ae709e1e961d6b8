// The frame is as high as what is in it, so that the card never shows a scroll bar of ours.

import { resizeFrame } from './bridge.js';

const SETTLE = 50;
let asked = 0;
let done = Promise.resolve();
let timer;

export function followHeight() {
  new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(fit, SETTLE);
  }).observe(document.body);
}

/** Make the frame as high as the page is now. Resolves when the portal has done it, also what was
 *  asked before. */
export function fit() {
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  if (height !== asked) {
    asked = height;
    done = resizeFrame(height);
  }
  return done;
}
