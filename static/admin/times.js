// Bitrix24 does not name the time zone of a user who takes the browser's: then the server writes
// UTC, and the browser, which knows better, writes the same moment in its own zone.

export function localTimes(root) {
  for (const time of root.querySelectorAll('time[data-local]')) {
    const moment = new Date(time.dateTime);
    const today = moment.toDateString() === new Date().toDateString();
    const style = today && time.dataset.local !== 'date' ? {} : { dateStyle: 'medium' };
    time.textContent = moment.toLocaleString(document.documentElement.lang, { ...style, timeStyle: 'short' });
  }
}
