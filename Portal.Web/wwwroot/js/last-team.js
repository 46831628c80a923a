// Remembers the team for the start page; the frame names it on its root element.
const remember = () => {
  const team = document.querySelector('[data-team]')?.dataset.team;
  if (team) document.cookie = `portal-team=${encodeURIComponent(team)}; path=/; max-age=31536000; samesite=lax`;
};

remember();
new MutationObserver(remember).observe(document.body, { attributes: true, attributeFilter: ['data-team'], subtree: true });
