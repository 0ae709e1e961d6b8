// A small BX24: what a framed page gets from /api/v1/. Written from the public protocol, not from
// the vendor's file.

(function () {
  'use strict';

  const [host, protocol, sid] = window.name.split('|');
  if (!sid) {
    window.BX24 = null;
    throw new Error('BX24: this page is not inside of a portal (window.name is not host|protocol|sid)');
  }
  const portal = `${protocol === '1' ? 'https' : 'http'}://${host}`;
  const waiting = new Map();
  let init = null;

  window.addEventListener('message', (event) => {
    if (event.origin !== portal || typeof event.data !== 'string') return;
    const [id, ...rest] = event.data.split(':');
    const text = rest.join(':');
    waiting.get(id)?.(text ? JSON.parse(text) : undefined);
  });

  function ask(command, params, callback, keep = false) {
    const id = callback ? newId() : '';
    if (callback) {
      waiting.set(id, (result) => {
        if (!keep) waiting.delete(id);
        callback(result);
      });
    }
    const text = params === undefined ? '' : JSON.stringify(params);
    window.parent.postMessage(`${command}:${text}:${id}:${sid}`, portal);
  }

  const newId = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, '0')).join('');

  // A seconds' lifetime becomes the moment it ends, in milliseconds.
  function keepTokens(tokens) {
    Object.assign(init, tokens, { ENDS: Date.now() + Number(tokens.AUTH_EXPIRES) * 1000 });
  }

  function auth() {
    if (!init || init.ENDS <= Date.now()) return false;
    const { AUTH_ID, REFRESH_ID, ENDS, DOMAIN, MEMBER_ID } = init;
    return { access_token: AUTH_ID, refresh_token: REFRESH_ID, expires_in: ENDS, domain: DOMAIN, member_id: MEMBER_ID };
  }

  function refresh(callback) {
    ask('refreshAuth', {}, (tokens) => {
      keepTokens(tokens);
      callback?.(auth());
    });
  }

  async function callMethod(method, params, callback) {
    const body = JSON.stringify({ ...params, auth: init.AUTH_ID });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await (await fetch(`${portal}/rest/${method}.json`, { method: 'POST', headers, body })).json();
    callback?.({
      data: () => answer.result,
      error: () => (answer.error ? { ex: answer } : undefined),
      total: () => answer.total,
      more: () => answer.next !== undefined,
      answer,
    });
  }

  const scrollSize = () => ({
    scrollWidth: document.documentElement.scrollWidth,
    scrollHeight: document.body.scrollHeight,
  });
  const resize = (width, height, callback) => ask('resizeWindow', { width, height }, callback);

  window.BX24 = {
    init(callback) {
      if (init) return callback?.();
      ask('getInitData', undefined, (data) => {
        init = data;
        keepTokens(data);
        callback?.();
      });
    },
    install: (callback) => window.BX24.init(() => init.FIRST_RUN && callback?.()),
    installFinish: () => init?.INSTALL && ask('setInstallFinish', {}),
    placement: {
      info: () => ({ placement: init.PLACEMENT, options: init.PLACEMENT_OPTIONS }),
      getInterface: (callback) => ask('getInterface', undefined, callback),
      call: (command, params, callback) => ask(command, params, callback),
      bindEvent: (event, callback) => ask('placementBindEvent', { event }, callback, true),
    },
    getScrollSize: scrollSize,
    fitWindow: (callback) => resize('100%', scrollSize().scrollHeight, callback),
    resizeWindow: resize,
    getAuth: auth,
    refreshAuth: refresh,
    isAdmin: () => init.IS_ADMIN,
    getLang: () => init.LANG,
    getDomain: () => init.DOMAIN,
    callMethod,
    openPath: (path, callback) => ask('openPath', { path }, callback),
    openApplication: (params, callback, settings = {}) => {
      const named = Object.entries(settings).map(([name, value]) => [`bx24_${name}`, value]);
      ask('openApplication', { ...params, ...Object.fromEntries(named) }, callback);
    },
    closeApplication: (callback) => ask('closeApplication', undefined, callback),
    setTitle: (title, callback) => ask('setTitle', { title }, callback),
    scrollParentWindow: (scroll, callback) => ask('setScroll', { scroll }, callback),
    reloadWindow: (callback) => ask('reloadWindow', {}, callback),
    im: {
      openMessenger: (dialogId) => ask('imOpenMessenger', { dialogId }),
      openHistory: (dialogId) => ask('imOpenHistory', { dialogId }),
    },
  };
})();
