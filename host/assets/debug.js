/* The debug page: copying, unfolding, colours, and the reload when a save has mended the route. Without it everything
 * on the page can still be read. */
"use strict";
(() => {
  const POLL_MS = 1000;
  const body = document.body;

  /* ---- copying ---- */

  async function copy(text) {
    if (navigator.clipboard) {
      try {
        await navigator.clipboard.writeText(text);
        return true;
      } catch {
        /* not allowed here: the old way may be */
      }
    }
    const area = document.createElement("textarea");
    area.value = text;
    body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async () => {
      const done = await copy(document.getElementById(button.dataset.copy).value);
      const usual = [...button.childNodes];
      button.classList.toggle("done", done);
      button.replaceChildren(done ? "Copied" : "The browser refuses to copy");
      setTimeout(() => {
        button.classList.remove("done");
        button.replaceChildren(...usual);
      }, 1500);
      button.focus();
    });
  }

  /* ---- frames ---- */

  const frames = [...document.querySelectorAll(".frame > details")];
  const unfold = document.getElementById("unfold");
  if (unfold && frames.length > 0) {
    const name = () => (unfold.textContent = frames.every((frame) => frame.open) ? "Fold all" : "Unfold all");
    unfold.hidden = false;
    name();
    unfold.addEventListener("click", () => {
      const open = !frames.every((frame) => frame.open);
      for (const frame of frames) frame.open = open;
    });
    for (const frame of frames) frame.addEventListener("toggle", name);
  }

  /* A frame that is jumped to opens. */
  function openTarget() {
    const frame = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = frame && frame.querySelector(":scope > details");
    if (details) details.open = true;
  }
  addEventListener("hashchange", openTarget);
  openTarget();

  /* j and k go from frame to frame, as in many programs. */
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || (event.key !== "j" && event.key !== "k")) return;
    const summaries = frames.map((frame) => frame.querySelector("summary"));
    const at = summaries.indexOf(document.activeElement);
    const next = event.key === "j" ? at + 1 : at < 0 ? summaries.length - 1 : at - 1;
    if (summaries[next]) {
      event.preventDefault();
      summaries[next].focus();
      summaries[next].scrollIntoView({ block: "nearest" });
    }
  });

  /* ---- colours ---- */

  const LUA =
    /(--\[\[.*?(?:\]\]|$)|--.*)|("(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\[\[.*?(?:\]\]|$))|\b(0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b|\b(and|break|do|else|elseif|end|false|for|function|goto|if|in|local|nil|not|or|repeat|return|then|true|until|while)\b/gi;
  const SQL =
    /(--.*|\/\*[\s\S]*?(?:\*\/|$))|('(?:''|[^'])*'?)|\b(\d+(?:\.\d+)?)\b|\b(select|from|where|and|or|not|in|is|null|as|on|join|left|inner|outer|cross|group|order|by|having|limit|offset|union|all|distinct|insert|into|values|update|set|delete|replace|create|table|index|drop|alter|begin|immediate|commit|rollback|savepoint|release|to|case|when|then|else|end|exists|between|like|asc|desc|with|recursive|returning|conflict|do|nothing|primary|key|references|default|collate|cast)\b/gi;
  const CLASSES = ["c", "s", "n", "k"];

  /* Wraps each text that is no element already; what is shown as an escape stays as it is. */
  function colour(element, grammar) {
    for (const node of [...element.childNodes]) {
      if (node.nodeType !== Node.TEXT_NODE) continue;
      const pieces = [];
      let end = 0;
      for (const match of node.data.matchAll(grammar)) {
        const piece = document.createElement("span");
        piece.className = CLASSES[match.slice(1).findIndex((part) => part !== undefined)];
        piece.textContent = match[0];
        pieces.push(node.data.slice(end, match.index), piece);
        end = match.index + match[0].length;
      }
      if (pieces.length > 0) node.replaceWith(...pieces, node.data.slice(end));
    }
  }
  for (const line of document.querySelectorAll(".source .line")) colour(line, LUA);
  for (const statement of document.querySelectorAll("code.sql")) colour(statement, SQL);

  /* ---- the routes of a 404 ---- */

  const filter = document.getElementById("filter");
  if (filter) {
    const rows = [...document.querySelectorAll(".routes tr")];
    filter.closest(".filter").hidden = rows.length < 8;
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }

  /* ---- the reload ---- */

  const watch = document.getElementById("watch");
  if (!watch || !("watch" in body.dataset)) return;
  const mine = { generation: Number(body.dataset.generation), process: Number(body.dataset.process) };
  const repeatable = body.dataset.method === "GET" || body.dataset.method === "HEAD";

  function say(state, text) {
    if (watch.dataset.state === state && watch.textContent === text) return;
    watch.dataset.state = state;
    watch.textContent = text;
  }

  /* A request that changes something is not sent again unless its sender says so; the browser asks once more. */
  function offer() {
    const button = document.createElement("button");
    button.type = "button";
    button.id = "again";
    button.textContent = `Send this ${body.dataset.method} again`;
    button.addEventListener("click", () => location.reload());
    say("newer", "The scripts have changed. ");
    watch.append(button);
  }

  /* Asks once; true when there is nothing more to wait for. */
  async function ask() {
    let now;
    try {
      const response = await fetch("/__mulligan__/debug/generation", { cache: "no-store" });
      if (!response.ok) throw new Error(String(response.status));
      now = await response.json();
    } catch {
      say("away", "The server does not answer");
      return false;
    }
    if (now.process !== mine.process || now.generation > mine.generation) {
      if (repeatable) location.reload();
      else offer();
      return true;
    }
    if (now.failed) say("failed", `The last save does not load: ${now.why ?? "the log says why"}`);
    else say("watching", "Reloads on save");
    return false;
  }

  /* A page that nobody looks at does not ask. */
  async function watchOn() {
    if (!document.hidden && (await ask())) return;
    setTimeout(watchOn, POLL_MS);
  }
  watchOn();
})();
