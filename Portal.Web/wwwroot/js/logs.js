// A log follows its end until one scrolls up, and follows again at the bottom.
// Watched by one observer on the document, so that a log needs no call from the server.
const near = 24;

function atEnd(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < near;
}

function toEnd(box) {
  box.scrollTop = box.scrollHeight;
}

function mark(box) {
  box.closest('.log-frame')?.classList.toggle('behind', box.following === false);
}

function adopt(box) {
  if (box.adopted) return;
  box.adopted = true;
  box.following = box.dataset.follow === 'true' && !location.hash;
  box.addEventListener('scroll', () => {
    box.following = atEnd(box);
    mark(box);
  }, { passive: true });
  new MutationObserver(() => { if (box.following) toEnd(box); else mark(box); })
    .observe(box, { childList: true, subtree: true });
  if (box.following) toEnd(box);
  linked();
}

function scan(root) {
  if (!(root instanceof Element)) return;
  if (root.matches('[data-log]')) adopt(root);
  for (const box of root.querySelectorAll('[data-log]')) adopt(box);
}

new MutationObserver(changes => {
  for (const change of changes) {
    for (const node of change.addedNodes) scan(node);
  }
}).observe(document.body, { childList: true, subtree: true });
scan(document.body);

// #L120 or #L120-L130
function linked() {
  const match = /^#L(\d+)(?:-L(\d+))?$/.exec(location.hash);
  for (const old of document.querySelectorAll('.ll.linked')) old.classList.remove('linked');
  if (!match) return;
  const from = Number(match[1]);
  const to = Math.min(Number(match[2] ?? from), from + 500);
  for (let line = from; line <= to; line++) {
    document.getElementById(`L${line}`)?.classList.add('linked');
  }
  const first = document.getElementById(`L${from}`);
  if (first) {
    const fold = first.closest('details');
    if (fold) fold.open = true;
    first.scrollIntoView({ block: 'center' });
  }
}

document.addEventListener('click', event => {
  const number = event.target.closest('a.ln');
  if (number) {
    event.preventDefault();
    const line = number.dataset.line;
    const start = /^#L(\d+)/.exec(location.hash);
    const hash = event.shiftKey && start ? `#L${start[1]}-L${line}` : `#L${line}`;
    history.replaceState(history.state, '', location.pathname + location.search + hash);
    for (const box of document.querySelectorAll('[data-log]')) box.following = false;
    linked();
  }
  const jump = event.target.closest('[data-log-end]');
  if (jump) {
    const box = jump.closest('.log-frame')?.querySelector('[data-log]');
    if (box) { box.following = true; toEnd(box); mark(box); }
  }
  const step = event.target.closest('[data-hit-step]');
  if (step) {
    const log = step.closest('.log');
    const hits = [...log.querySelectorAll('.ll.hit')];
    if (!hits.length) return;
    const at = hits.findIndex(hit => hit.classList.contains('linked'));
    const next = hits[(at + Number(step.dataset.hitStep) + hits.length) % hits.length];
    for (const hit of hits) hit.classList.toggle('linked', hit === next);
    const fold = next.closest('details');
    if (fold) fold.open = true;
    const box = log.querySelector('[data-log]');
    if (box) box.following = false;
    next.scrollIntoView({ block: 'center' });
  }
});
