// The wire between frame and page: `cmd:params:cb:sid`, or an object when the command has a colon
// in its name. BX24.js keeps the slot of empty params, b24jssdk drops it, so the last two parts are
// counted from the end.

export function parse(data) {
  if (typeof data === 'string') return parseText(data);
  if (data && typeof data === 'object' && typeof data.method === 'string') {
    return { command: data.method, params: data.params, callback: data.callback ?? '', sid: data.appSid ?? '' };
  }
  return null;
}

function parseText(text) {
  const parts = text.split(':');
  if (parts.length < 2) return null;
  const sid = parts.pop();
  const callback = parts.length > 1 ? parts.pop() : '';
  const [command, ...rest] = parts;
  return { command, params: json(rest.join(':')), callback, sid };
}

function json(text) {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

export const answer = (callback, result) => `${callback}:${result === undefined ? '' : JSON.stringify(result)}`;
