// After an installation: tell Bitrix24 that it is finished, which nothing on a server can do. It
// gives no answer but loads the frame anew, with the application's own page; an application that
// was finished before stays where it is.

import { ask } from '../bridge.js';
import { followHeight } from '../frame.js';

followHeight();
document
  .querySelector('[data-action="open"]')
  .addEventListener('click', () => ask('openApplication', { place: 'lines' }));

await ask('setInstallFinish');
document.querySelector('[data-finish]').textContent = document.getElementById('finished-text').content.textContent;
