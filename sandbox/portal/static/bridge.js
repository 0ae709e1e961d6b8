// The page's side of the bridge: hears the frame, refuses strangers, answers through the callback
// id.

import { commands, isKnown, isRefused } from './commands.js';
import { note } from './log.js';
import { frame, sid } from './opening.js';
import { answer, parse } from './wire.js';

const widgetOrigin = document.getElementById('card').dataset.widgetOrigin;

export const listen = () => window.addEventListener('message', hear);

function hear(event) {
  const message = parse(event.data);
  if (!message) return;
  if (event.origin !== widgetOrigin) return note(`refused ${message.command}: wrong origin ${event.origin}`, 'refused');
  if (message.sid !== sid()) return note(`refused ${message.command}: wrong sid`, 'refused');
  if (isRefused(message.command)) return note(`refused ${message.command}: not in a placement`, 'refused');
  if (!isKnown(message.command)) return note(`ignored ${message.command}: unknown here`, 'refused');
  note(`${message.command} ${JSON.stringify(message.params) ?? ''}`);
  commands[message.command](message.params, replyTo(message, frame().contentWindow));
}

function replyTo(message, target) {
  return (result) => {
    if (!message.callback) return;
    note(`${message.command} ← answered`, 'answer');
    target?.postMessage(answer(message.callback, result), widgetOrigin);
  };
}
