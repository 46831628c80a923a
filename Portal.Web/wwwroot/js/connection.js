// The connection lost: no modal. A line says so, the page stays readable, typed drafts survive.
// Blazor drives the element with the id components-reconnect-modal and raises this event on it.
const storeKey = 'portal-drafts';
const leftKey = 'portal-left';
let lastHeard = new Date();
let lost = false;

const clock = when => when.toLocaleTimeString(undefined, { hour12: false });

function line() { return document.getElementById('components-reconnect-modal'); }

function say(text, retry) {
  const element = line();
  if (!element) return;
  element.querySelector('[data-reconnect-text]').textContent = text;
  element.querySelector('[data-reconnect-now]').hidden = !retry;
  element.classList.add('shown');
}

// Something changed on the page: it was heard from then.
new MutationObserver(() => { if (!lost) lastHeard = new Date(); })
  .observe(document.body, { childList: true, subtree: true, characterData: true });

function keepDrafts(store = storeKey) {
  const drafts = {};
  for (const field of document.querySelectorAll('input, textarea')) {
    if (field.type === 'password' || field.type === 'hidden' || field.closest('[data-no-draft]')) continue;
    const key = field.id || field.name;
    if (key && field.value && field.value !== field.defaultValue) drafts[key] = field.value;
  }
  sessionStorage.setItem(store, JSON.stringify({ path: location.pathname, drafts }));
}

function restoreDrafts() {
  // A session that ended while somebody typed: they signed in and come back to the page they were on.
  const back = document.referrer && new URL(document.referrer).pathname === '/sign-in';
  const kept = sessionStorage.getItem(storeKey) ?? (back ? sessionStorage.getItem(leftKey) : null);
  if (location.pathname !== '/sign-in') sessionStorage.removeItem(leftKey);
  if (!kept) return;
  sessionStorage.removeItem(storeKey);
  const { path, drafts } = JSON.parse(kept);
  if (path !== location.pathname) return;
  for (const [key, value] of Object.entries(drafts)) typed.set(key, { value });
  typeAgain();
}

async function reload() {
  // Only when the server answers again: an error page would take the readable one away.
  try {
    const answer = await fetch('/healthz', { cache: 'no-store' });
    if (!answer.ok) throw new Error(String(answer.status));
    keepDrafts();
    location.reload();
  } catch {
    setTimeout(reload, 2000);
  }
}

async function reconnect() {
  try {
    if (!await window.Blazor.reconnect()) await reload();
  } catch {
    say(`No connection · shown as of ${clock(lastHeard)}`, true);
  }
}

document.addEventListener('components-reconnect-state-changed', event => {
  switch (event.detail.state) {
    case 'show':
    case 'retrying':
      lost = true;
      say(`Reconnecting… shown as of ${clock(lastHeard)}`, false);
      break;
    case 'hide':
      lost = false;
      line()?.classList.remove('shown');
      break;
    case 'failed':
      say(`No connection · shown as of ${clock(lastHeard)}`, true);
      reload();
      break;
    case 'rejected':
    case 'resume-failed':
      say(`Reconnecting… shown as of ${clock(lastHeard)}`, false);
      reload();
      break;
  }
}, true);

document.addEventListener('click', event => {
  if (event.target.closest('[data-reconnect-now]')) reconnect();
});

addEventListener('pagehide', () => { if (location.pathname !== '/sign-in') keepDrafts(leftKey); });

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && lost) reconnect();
});

// A page is readable before it is live; when it becomes live its elements are made anew. What was typed until then is typed again.
const sent = document.querySelector('main');
const typed = new Map();

function typeAgain() {
  for (const [key, { value, field, focus }] of typed) {
    const now = document.getElementById(key) ?? document.getElementsByName(key)[0];
    if (!now || now === field || now.value) continue;
    if (sent.isConnected) typed.set(key, { value, field: now });
    else typed.delete(key);
    now.value = value;
    now.dispatchEvent(new Event('input', { bubbles: true }));
    now.dispatchEvent(new Event('change', { bubbles: true }));
    if (focus && document.activeElement === document.body) now.focus();
  }
}

const renewed = new MutationObserver(() => {
  typeAgain();
  if (sent.isConnected) return;
  renewed.disconnect();
  document.removeEventListener('input', keepTyped, true);
  // Fields that come with what is read first.
  const late = new MutationObserver(typeAgain);
  late.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => late.disconnect(), 5000);
});

function keepTyped({ isTrusted, target: field }) {
  if (isTrusted && field.id && field.type !== 'password' && field.matches('input:not([type=radio]):not([type=checkbox]), textarea')) typed.set(field.id, { value: field.value, field, focus: true });
}

document.addEventListener('input', keepTyped, true);
renewed.observe(document.body, { childList: true, subtree: true });
addEventListener('load', restoreDrafts);
