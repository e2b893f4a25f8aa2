// What pages do where scripts run; all of them work without. Keys: j and k go to the next and the previous article of
// a list, o opens it, / goes to the search. Times are shown in the reader's own zone, which is named.
"use strict";

for (const time of document.querySelectorAll("time.moment")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = time.textContent.trim();
  time.textContent = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  }).format(at);
}
const zone = document.getElementById("zone");
if (zone) {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone || "your device";
  if (name !== "UTC") zone.textContent = `times are those of ${name}; UTC shows on pointing at one`;
}
const keys = document.getElementById("keys");
if (keys) keys.hidden = false;

const step = (forward) => {
  const links = [...document.querySelectorAll(".hits h2 a, .timeline h2 a, .lines h3 a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (forward ? 0 : links.length - 1) : at + (forward ? 1 : -1);
  const link = links[Math.min(Math.max(next, 0), links.length - 1)];
  link.focus();
  link.scrollIntoView({ block: "center" });
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (event.key === "j" || event.key === "k") {
    step(event.key === "j");
  } else if (event.key === "o" && document.activeElement instanceof HTMLAnchorElement) {
    document.activeElement.click();
  } else if (event.key === "/") {
    const search = document.querySelector('input[type="search"]');
    if (!search) return;
    search.focus();
    search.select();
  } else {
    return;
  }
  event.preventDefault();
});
