// <time data-ago datetime="…"> shows how long ago, <span data-since="…"> how long it has been running.
// The words are those of Components/Controls/Words.cs; the exact local time is put on hover,
// because only the browser knows the time zone.
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function ago(then, now) {
  const seconds = Math.floor((now - then) / 1000);
  if (seconds < -5) return until(-seconds);
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 30 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
  const date = new Date(then);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

function until(seconds) {
  if (seconds < 60) return `in ${seconds} s`;
  if (seconds < 3600) return `in ${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `in ${Math.floor(seconds / 3600)} h`;
  return `in ${Math.floor(seconds / 86400)} d`;
}

export function duration(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

function set(element, text) {
  // Blazor keeps a reference to the text node: change its value, never replace it.
  const node = element.firstChild;
  if (node && node.nodeType === Node.TEXT_NODE) {
    if (node.nodeValue !== text) node.nodeValue = text;
  } else if (!node) {
    element.textContent = text;
  }
}

function tick() {
  const now = Date.now();
  for (const element of document.querySelectorAll('time[data-ago]')) {
    const then = Date.parse(element.dateTime);
    if (!Number.isNaN(then)) set(element, ago(then, now));
  }
  for (const element of document.querySelectorAll('[data-since]')) {
    const since = Date.parse(element.dataset.since);
    if (!Number.isNaN(since)) set(element, duration(now - since));
  }
}

setInterval(tick, 1000);

function exact(event) {
  const element = event.target.closest?.('time[data-ago], time[data-clock]');
  if (!element) return;
  const then = new Date(element.dateTime);
  if (Number.isNaN(then.getTime())) return;
  element.title = then.toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' });
}
document.addEventListener('mouseover', exact);
document.addEventListener('focusin', exact);
