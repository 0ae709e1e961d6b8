// What the frame may ask of the page (b24jssdk: packages/jssdk/src/frame/message/commands.ts). Each
// command gets its params and `reply`; one that never replies leaves its callback waiting, as the
// portal does.

import { note } from './log.js';
import { field, isFirstRun, isInstall, newTokens, optionsOf, resize, setOption } from './opening.js';
import { chooseAccess, chooseItems, chooseUsers } from './dialogs.js';
import * as panel from './panel.js';

const PATHS =
  /^\/(crm\/(deal|lead|contact|company|type)|marketplace|company\/personal\/user\/\d+|workgroups\/group\/\d+)\//;
const APP = 1; // the row of the application in the portal
const card = document.getElementById('card');
const hidden = document.getElementById('field-value');
const listeners = new Map();

const placement = () => field('PLACEMENT');
const onOwnPage = () => placement() === 'DEFAULT';
const inField = () => placement() === 'USERFIELD_TYPE';

export const isRefused = (command) => !onOwnPage() && ['setTitle', 'setScroll', 'reloadWindow'].includes(command);

export const commands = {
  getInitData: (_, reply) => reply(initData()),
  async refreshAuth(_, reply) {
    const tokens = await newTokens();
    if (tokens) reply(tokens); // some portals never answer
  },
  resizeWindow: (params, reply) => reply(resize(parseInt(params?.height, 10))),
  getInterface: (_, reply) =>
    reply({ command: inField() ? ['setValue', 'getValue'] : ['reloadData'], event: ['BX24Event'] }),
  placementBindEvent: (params, reply) => listeners.set(params?.event, [...(listeners.get(params?.event) ?? []), reply]),
  reloadData: (_, reply) => reply(),
  setInstall: (params, reply) => reply(params),
  setInstallFinish: finishInstall,
  setTitle(params, reply) {
    document.title = String(params?.title ?? '');
    reply(params);
  },
  setScroll(params, reply) {
    window.scrollTo(0, Number(params?.scroll) || 0);
    reply(params);
  },
  reloadWindow: () => location.reload(),
  imOpenMessenger: (params) => messenger('imOpenMessenger', params?.dialogId),
  imOpenHistory: (params) => messenger('imOpenHistory', params?.dialogId),
  imCallTo: (params) => messenger('imCallTo', `${params?.userId ?? ''}${params?.video ? ', video' : ''}`),
  imPhoneTo: (params) => messenger('imPhoneTo', params?.phone),
  openPath(params, reply) {
    const path = String(params?.path ?? '');
    if (!PATHS.test(path)) return reply({ result: 'error', errorCode: 'PATH_NOT_AVAILABLE' });
    note(`openPath ${path}`);
    panel.slide(path, { from: 'rest_placement', from_app: APP }, {}, () => reply({ result: 'close' }));
  },
  openApplication(params, reply) {
    const { settings, given } = apart(params ?? {});
    note(`openApplication ${JSON.stringify(given)}`);
    panel.slide(`/marketplace/app/${APP}/`, { params: JSON.stringify(given) }, settings, () => reply());
  },
  closeApplication(_, reply) {
    panel.close();
    reply();
    panel.leave();
  },
  selectAccess: (params, reply) => chooseAccess(params?.value ?? [], reply),
  selectUser: (params, reply) => chooseUsers(Boolean(params?.mult), reply),
  selectCRM: (params, reply) => chooseItems(params ?? {}, reply),
  async setAppOption(params, reply) {
    const options = await setOption('app', params ?? {});
    if (options) reply(options);
    else note("setAppOption: only an administrator sets the application's options", 'refused');
  },
  async setUserOption(params, reply) {
    await setOption('user', params ?? {});
    reply(params);
  },
  setValue(params, reply) {
    if (hidden) hidden.value = typeof params === 'string' ? params : JSON.stringify(params ?? null);
    reply();
  },
  getValue: (_, reply) => reply(hidden ? hidden.value || null : null),
};

// Names that begin with bx24_ tell how the slider looks; the rest goes to the app.
function apart(params) {
  const entries = Object.entries(params);
  const ours = ([name]) => name.startsWith('bx24_');
  return {
    settings: Object.fromEntries(entries.filter(ours).map(([name, value]) => [name.replace('bx24_', ''), value])),
    given: Object.fromEntries(entries.filter((entry) => !ours(entry))),
  };
}

// setValue and getValue exist in a field alone; a placement's event can be bound, the app's own
// page has none.
export function isKnown(command) {
  if (['setValue', 'getValue'].includes(command)) return inField();
  if (command === 'placementBindEvent' || command === 'reloadData') return !onOwnPage();
  return Object.hasOwn(commands, command);
}

export function emit(event, data) {
  const bound = listeners.get(event) ?? [];
  note(`event ${event} → ${bound.length}`);
  for (const reply of bound) reply(data);
}

export const forgetListeners = () => listeners.clear();

function messenger(command, dialogId) {
  note(`${command} ${dialogId ?? ''}`);
  panel.show('messenger', panel.messengerName, String(dialogId ?? ''));
}

// The portal marks the application installed and loads the page anew; it does nothing where that is
// so already.
async function finishInstall() {
  const { finished, why } = await (await fetch(`/install-finish${card.dataset.query}`, { method: 'POST' })).json();
  if (!finished) return note(`setInstallFinish: ${why}`, 'refused');
  const again = new URL(location.href);
  again.searchParams.set('install_finished', 'Y');
  location.assign(again);
}

function initData() {
  const options = field('PLACEMENT_OPTIONS');
  return {
    LANG: card.dataset.lang,
    DOMAIN: location.host,
    PROTOCOL: 0,
    PATH: '/rest',
    AUTH_ID: field('AUTH_ID'),
    AUTH_EXPIRES: field('AUTH_EXPIRES'),
    REFRESH_ID: field('REFRESH_ID'),
    MEMBER_ID: field('member_id'),
    FIRST_RUN: isFirstRun(),
    IS_ADMIN: card.dataset.admin === 'true',
    INSTALL: isInstall(),
    USER_OPTIONS: optionsOf('user'),
    APP_OPTIONS: optionsOf('app'),
    PLACEMENT: placement(),
    PLACEMENT_OPTIONS: options ? JSON.parse(options) : {},
  };
}
